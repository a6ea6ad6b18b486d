#include "dispatch.h"

#include <array>
#include <atomic>
#include <stdexcept>

#if defined(GRUCLI_BFLOAT16)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace grucli {
namespace {

using Kernels = std::vector<const Kernel*>;

#if defined(GRUCLI_X86)
bool has_avx512() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif

Kernels float32_kernels() {
    Kernels kernels;
#if defined(GRUCLI_X86)
    __builtin_cpu_init();
    if (has_avx512()) kernels.push_back(&avx512_kernel());
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        kernels.push_back(&avx2_kernel());
#elif defined(GRUCLI_NEON)
    kernels.push_back(&neon_kernel());  // every 64-bit ARM has it
#endif
    kernels.push_back(&portable_kernel());
    return kernels;
}

#if defined(GRUCLI_BFLOAT16)
// A process has to ask Linux for the registers of AMX (Documentation/arch/x86/xstate.rst).
bool may_use_tiles() {
    constexpr long kRequest = 0x1023, kTileData = 18;
    return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

Kernels bfloat16_kernels() {
    Kernels kernels;
    unsigned a = 0, b = 0, c = 0, d = 0;
    __builtin_cpu_init();
    if (!has_avx512() || !__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a >> 5 & 1)) return kernels;
    constexpr unsigned kTiles = 1u << 24 | 1u << 22;  // AMX-TILE and AMX-BF16
    __get_cpuid_count(7, 0, &a, &b, &c, &d);
    if ((d & kTiles) == kTiles && may_use_tiles()) kernels.push_back(&amx_kernel());
    kernels.push_back(&avx512bf16_kernel());
    return kernels;
}
#else
Kernels bfloat16_kernels() { return {}; }
#endif

// Looked up when they are first asked for: AMX takes a permission that nobody needs who does not use it.
const Kernels& kernels(Precision precision) {
    if (precision == Precision::float32) {
        static const Kernels found = float32_kernels();
        return found;
    }
    static const Kernels found = bfloat16_kernels();
    return found;
}

// What was asked for instead of the first.
std::atomic<const Kernel*>& chosen(Precision precision) {
    static std::array<std::atomic<const Kernel*>, 2> kernel{};
    return kernel[static_cast<std::size_t>(precision)];
}

}  // namespace

const Kernel& current_kernel(Precision precision) {
    if (const Kernel* kernel = chosen(precision).load()) return *kernel;
    if (kernels(precision).empty()) throw std::runtime_error("this machine has no instructions for bfloat16");
    return *kernels(precision).front();
}

std::vector<std::string> instruction_sets(Precision precision) {
    std::vector<std::string> names;
    for (const Kernel* kernel : kernels(precision)) names.push_back(kernel->name);
    return names;
}

std::string instruction_set(Precision precision) { return current_kernel(precision).name; }

void use_instruction_set(const std::string& name) {
    for (const Precision precision : {Precision::float32, Precision::bfloat16})
        for (const Kernel* kernel : kernels(precision))
            if (name == kernel->name) return chosen(precision).store(kernel);
    throw std::invalid_argument("this machine has no instruction set '" + name + "'");
}

}  // namespace grucli
