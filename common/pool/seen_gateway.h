#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "common/pool/address.h"
#include "common/pool/port_set.h"

namespace berth::pool {

/// ListenerSets of one Gateway.
struct AttachedListenerSets {
  /// Those of Berth's rules.
  std::vector<std::shared_ptr<const kube::Json>> own;
  std::vector<std::shared_ptr<const kube::Json>> others;
};

/// A Gateway that a pool names, with what is attached to it, as seen last.
struct SeenGateway {
  /// False before the first read.
  bool known = false;
  /// Why it cannot be read, for people; empty if nothing is in the way.
  std::string problem;
  /// Null if there is no such object.
  std::shared_ptr<const kube::Json> object;
  /// Null for none.
  std::shared_ptr<const AttachedListenerSets> listener_sets;

  friend bool operator==(const SeenGateway&, const SeenGateway&) = default;
};

/// The Gateway that a ListenerSet wants to belong to; none if its parent is of another kind.
std::optional<kube::ObjectName> ParentGateway(const kube::Json& listener_set);

/// Whether a ListenerSet is that of a rule of the Berth in namespace `ns`.
bool IsOfRule(const kube::Json& listener_set, const std::string& ns);

/// Keeps of a ListenerSet what the functions here read.
void ReduceListenerSet(kube::Json& listener_set);

/// What a Gateway reports in its status.
std::vector<Address> GatewayAddresses(const kube::Json& gateway);

/// The ports that the listeners of a Gateway or ListenerSet ask for. HTTP, TLS and TCP share the
/// TCP ports; a listener of a protocol that is not of the Gateway API's own counts as both. None
/// for a ListenerSet that its Gateway does not admit.
PortsByProtocol ListenerPorts(const kube::Json& object);

/// Why the controller does not serve the Gateway, for people; empty if it does.
std::string NotProgrammed(const kube::Json& gateway);

}  // namespace berth::pool
