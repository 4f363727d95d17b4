#include "port-service/domain/pool_store.h"

#include <fmt/format.h>

namespace berth::port {

std::string Etag(const pool::Pool& pool) { return Etag(pool.uid, pool.generation); }

std::string Etag(const std::string& uid, std::int64_t generation) {
  return fmt::format("{}.{}", uid, generation);
}

}  // namespace berth::port
