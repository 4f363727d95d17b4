#include "common/operation/proto_time.h"

#include <chrono>
#include <cstdint>

namespace berth::operation {

google::protobuf::Timestamp ToTimestamp(kube::Time time) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  google::protobuf::Timestamp stamp;
  stamp.set_seconds(seconds.count());
  stamp.set_nanos(static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch - seconds).count()));
  return stamp;
}

kube::Time FromTimestamp(const google::protobuf::Timestamp& stamp) {
  return kube::Time(std::chrono::seconds(stamp.seconds()) +
                    std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::nanoseconds(stamp.nanos())));
}

}  // namespace berth::operation
