// Tensors of any library that has DLPack's C exchange (dmlc.github.io/dlpack, version 1.x): what a
// tensor is, and new ones, without a call of Python.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "memory.h"
#include "shapes.h"

namespace grucli {

// The layout of dlpack.h, of which only this is read.
namespace dlpack {

struct Version {
    std::uint32_t major, minor;
};
struct Device {
    std::int32_t type, id;
};
struct DataType {
    std::uint8_t code, bits;
    std::uint16_t lanes;
};
struct Tensor {
    void* data;
    Device device;
    std::int32_t ndim;
    DataType dtype;
    std::int64_t* shape;
    std::int64_t* strides;
    std::uint64_t byte_offset;
};
struct Managed {
    Version version;
    void* context;
    void (*deleter)(Managed*);
    std::uint64_t flags;
    Tensor tensor;
};
struct Api {
    Version version;
    Api* previous;
    int (*allocate)(Tensor* like, Managed** out, void* context, void (*error)(void*, const char*, const char*));
    int (*managed_of)(void* object, Managed** out);
    int (*object_of)(Managed* tensor, void** out);
    int (*tensor_of)(void* object, Tensor* out);
    int (*current_stream)(std::int32_t, std::int32_t, void**);
};

constexpr Device kCpu = {1, 0};
constexpr DataType kFloat32 = {2, 32, 1};

}  // namespace dlpack

// Dense float32 tensors on the CPU, of one Python type and what it lets stand in for itself.
class Exchange {
public:
    // `kinds` are the types to take, the first of them that of new tensors.
    explicit Exchange(const nanobind::tuple& kinds) : kinds_(kinds) {
        namespace nb = nanobind;
        const nb::object capsule = nb::getattr(kinds[0], "__dlpack_c_exchange_api__", nb::none());
        if (capsule.is_none()) return;
        void* const found = PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api");
        if (!found) throw nb::python_error();
        const auto* api = static_cast<const dlpack::Api*>(found);
        if (api->version.major == 1 && api->tensor_of) api_ = api;
    }

    bool usable() const { return api_ != nullptr; }

    // What a tensor is; false for any that is not dense float32 numbers on the CPU with `ndim` axes.
    bool view(nanobind::handle object, int ndim, dlpack::Tensor* to) const {
        if (!is_float32(object, ndim, to)) return false;
        std::int64_t dense = 1;
        for (int i = ndim - 1; i >= 0; dense *= to->shape[i--])
            if (to->strides && to->shape[i] != 1 && to->strides[i] != dense) return false;
        return true;
    }

    // The same for three axes of which only the last one has to be dense.
    bool view_rows(nanobind::handle object, dlpack::Tensor* to) const {
        return is_float32(object, 3, to) && to->strides && to->strides[2] == 1;
    }

    // Where the numbers of a dense tensor of this shape lie: null for None and where there are none. False
    // for anything else.
    template <class Float>
    bool find(nanobind::handle object, const Shape& shape, Float** to) const {
        *to = nullptr;
        if (object.is_none()) return true;
        dlpack::Tensor found;
        if (!view(object, shape.ndim, &found)) return false;
        for (int i = 0; i < shape.ndim; ++i)
            if (found.shape[i] != shape.of[static_cast<std::size_t>(i)]) return false;
        if (shape.count() > 0) *to = address(found);
        return true;
    }

    static float* address(const dlpack::Tensor& tensor) {
        return reinterpret_cast<float*>(static_cast<char*>(tensor.data) + tensor.byte_offset);
    }

    // A new tensor, and where its numbers lie, null where it has none. Memory of our own costs half of
    // what the library's does.
    nanobind::object make(const Shape& shape, float** address) const {
        Block* const block = Block::make(shape);
        void* object = nullptr;
        *address = shape.count() > 0 ? static_cast<float*>(block->managed.tensor.data) : nullptr;
        if (api_->object_of(&block->managed, &object) != 0) throw nanobind::python_error();
        return nanobind::steal(static_cast<PyObject*>(object));
    }

private:
    // Not what is derived from them: a subclass may mean other numbers by the same memory.
    bool takes(nanobind::handle object) const {
        for (const nanobind::handle kind : kinds_)
            if (reinterpret_cast<PyObject*>(Py_TYPE(object.ptr())) == kind.ptr()) return true;
        return false;
    }

    bool is_float32(nanobind::handle object, int ndim, dlpack::Tensor* to) const {
        if (!takes(object)) return false;
        if (api_->tensor_of(object.ptr(), to) != 0) return PyErr_Clear(), false;
        return to->device.type == dlpack::kCpu.type && to->dtype.code == dlpack::kFloat32.code &&
               to->dtype.bits == dlpack::kFloat32.bits && to->dtype.lanes == 1 && to->ndim == ndim && has_numbers(*to);
    }

    // A tensor of zeros that torch keeps without memory has none.
    static bool has_numbers(const dlpack::Tensor& tensor) {
        if (tensor.data) return true;
        for (int i = 0; i < tensor.ndim; ++i)
            if (tensor.shape[i] == 0) return true;
        return false;
    }

    // A tensor's description; its numbers stand behind it, or are kept for the next call where malloc
    // would ask the system for them. What malloc gives is aligned here: it has small blocks at hand, but
    // aligned ones it has to cut out.
    struct alignas(64) Block {
        static constexpr std::int64_t kStored = 1 << 14;

        dlpack::Managed managed;
        Shape shape, strides;

        static Block* make(const Shape& shape) {
            const std::int64_t count = shape.count();
            const bool behind = count < kStored;
            const std::size_t bytes = sizeof(Block) + (behind ? static_cast<std::size_t>(count) * sizeof(float) : 0);
            std::size_t room = bytes + alignof(Block);
            void* const whole = ::operator new(room);
            void* aligned = whole;
            Block* const block = new (std::align(alignof(Block), bytes, aligned, room)) Block{{}, shape, shape};
            block->managed.context = whole;
            std::int64_t dense = 1;
            for (int i = shape.ndim - 1; i >= 0; --i) {
                block->strides.of[static_cast<std::size_t>(i)] = dense;
                dense *= shape.of[static_cast<std::size_t>(i)];
            }
            void* const data = behind ? block + 1 : static_cast<void*>(take_floats(static_cast<std::size_t>(count)));
            block->managed.version = {1, 0};
            block->managed.deleter = [](dlpack::Managed* managed) {
                void* const numbers = managed->tensor.data;
                if (numbers != reinterpret_cast<Block*>(managed) + 1) give_floats(static_cast<float*>(numbers));
                ::operator delete(managed->context);
            };
            block->managed.tensor = {data, dlpack::kCpu, shape.ndim, dlpack::kFloat32,
                                     block->shape.of.data(), block->strides.of.data(), 0};
            return block;
        }
    };

    nanobind::tuple kinds_;
    const dlpack::Api* api_ = nullptr;
};

}  // namespace grucli
