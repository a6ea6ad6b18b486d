#include "vec_avx2.h"

#include "kernel.h"

namespace grucli {

const Kernel& avx2_kernel() {
    static const Kernel kernel = kernel_of<avx2::Vec>("avx2");
    return kernel;
}

}  // namespace grucli
