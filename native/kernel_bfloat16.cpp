#include "bfloat16.h"
#include "kernel.h"
#include "product_amx.h"
#include "product_avx512bf16.h"

namespace grucli {

const Kernel& avx512bf16_kernel() {
    static const Kernel kernel = kernel_of<bfloat16::Avx512Bf16>("avx512bf16");
    return kernel;
}

const Kernel& amx_kernel() {
    static const Kernel kernel = kernel_of<bfloat16::Amx>("amx");
    return kernel;
}

}  // namespace grucli
