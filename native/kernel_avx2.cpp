#include "vec_avx2.h"

#include "kernel.h"

namespace grucli {

const Kernel& avx2_kernel() {
    static const Kernel kernel = kernel_of<Float32<avx2::Vec>>("avx2");
    return kernel;
}

}  // namespace grucli
