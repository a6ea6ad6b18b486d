#include "vec_avx512.h"

#include "kernel.h"

namespace grucli {

const Kernel& avx512_kernel() {
    static const Kernel kernel = kernel_of<avx512::Vec>("avx512");
    return kernel;
}

}  // namespace grucli
