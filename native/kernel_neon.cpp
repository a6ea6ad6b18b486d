#include "vec_neon.h"

#include "kernel.h"

namespace grucli {

const Kernel& neon_kernel() {
    static const Kernel kernel = kernel_of<Float32<neon::Vec>>("neon");
    return kernel;
}

}  // namespace grucli
