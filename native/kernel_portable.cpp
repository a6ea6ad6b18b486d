#include "vec_portable.h"

#include "kernel.h"

namespace grucli {

const Kernel& portable_kernel() {
    static const Kernel kernel = kernel_of<Float32<portable::Vec>>("portable");
    return kernel;
}

}  // namespace grucli
