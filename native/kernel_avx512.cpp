#include "vec_avx512.h"

#include "kernel.h"

namespace grucli {

const Kernel& avx512_kernel() {
    static const Kernel kernel = kernel_of<Float32<avx512::Vec>>("avx512");
    return kernel;
}

}  // namespace grucli
