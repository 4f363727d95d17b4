#pragma once

#include "common/kube/client.h"
#include "common/kube/time.h"

namespace berth::operation {

/// The API server's time for stamps that people read and deadlines across replicas; this machine's
/// until the server has answered once. Not for deciding that something has expired.
kube::Time ServerNow(const kube::Client& client);

}  // namespace berth::operation
