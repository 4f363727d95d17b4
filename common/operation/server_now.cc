#include "common/operation/server_now.h"

#include <chrono>

namespace berth::operation {

kube::Time ServerNow(const kube::Client& client) {
  if (const auto reading = client.server_clock().Read()) return reading->now;
  return std::chrono::time_point_cast<kube::Time::duration>(std::chrono::system_clock::now());
}

}  // namespace berth::operation
