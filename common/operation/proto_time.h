#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "common/kube/time.h"

namespace berth::operation {

google::protobuf::Timestamp ToTimestamp(kube::Time time);
kube::Time FromTimestamp(const google::protobuf::Timestamp& stamp);

}  // namespace berth::operation
