#include <atomic>
#include <stdexcept>

#include "dispatch.h"

namespace grucli {
namespace {

std::vector<const Kernel*> supported() {
    std::vector<const Kernel*> kernels;
#if defined(GRUCLI_X86)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        kernels.push_back(&avx512_kernel());
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        kernels.push_back(&avx2_kernel());
#elif defined(GRUCLI_NEON)
    kernels.push_back(&neon_kernel());  // every 64-bit ARM has it
#endif
    kernels.push_back(&portable_kernel());
    return kernels;
}

const std::vector<const Kernel*>& kernels() {
    static const std::vector<const Kernel*> found = supported();
    return found;
}

std::atomic<const Kernel*>& chosen() {
    static std::atomic<const Kernel*> kernel{kernels().front()};
    return kernel;
}

}  // namespace

const Kernel& current_kernel() { return *chosen().load(); }

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const Kernel* kernel : kernels()) names.push_back(kernel->name);
    return names;
}

std::string instruction_set() { return current_kernel().name; }

void use_instruction_set(const std::string& name) {
    for (const Kernel* kernel : kernels())
        if (name == kernel->name) return chosen().store(kernel);
    throw std::invalid_argument("this machine has no instruction set '" + name + "'");
}

}  // namespace grucli
