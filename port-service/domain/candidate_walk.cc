#include "port-service/domain/candidate_walk.h"

#include <numeric>

namespace berth::port {
namespace {

std::uint64_t Stride(std::uint64_t seed, std::uint64_t size) {
  if (size < 2) {
    return 1;
  }
  std::uint64_t stride = 1 + (seed >> 32) % (size - 1);
  while (std::gcd(stride, size) != 1) {
    --stride;
  }
  return stride;
}

}  // namespace

CandidateWalk::CandidateWalk(const pool::Pool& pool, std::uint64_t seed)
    : first_(pool.first.number() + pool.static_ports),
      size_(pool.last.number() + 1 - first_),
      start_(size_ == 0 ? 0 : (seed & 0xffffffff) % size_),
      stride_(Stride(seed, size_)) {}

std::optional<pool::Port> CandidateWalk::Find(
    const std::function<bool(pool::Port)>& is_free) const {
  std::uint64_t offset = start_;
  for (std::uint64_t i = 0; i < size_; ++i) {
    const pool::Port port = *pool::Port::Parse(first_ + static_cast<std::int64_t>(offset));
    if (is_free(port)) {
      return port;
    }
    offset = (offset + stride_) % size_;
  }
  return std::nullopt;
}

}  // namespace berth::port
