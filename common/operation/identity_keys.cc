#include "common/operation/identity_keys.h"

#include <unistd.h>

#include <array>

#include "common/operation/names.h"

namespace berth::operation {

void AddIdentityKeys(config::Table& table, Identity& identity) {
  table.Add("pod.name", &identity.pod_name, "this replica's pod; empty outside of a pod");
  table.Add("pod.uid", &identity.pod_uid, "its uid");
  table.Add("pod.address", &identity.address, "where other replicas reach this one");
}

void CompleteIdentity(Identity& identity, const std::string& listen) {
  identity.is_pod = !identity.pod_uid.empty();
  if (identity.is_pod) {
    return;
  }
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  if (identity.pod_name.empty()) {
    identity.pod_name = host.data();
  }
  identity.pod_uid = NewRequestId();
  if (identity.address.empty()) {
    identity.address = listen;
  }
}

}  // namespace berth::operation
