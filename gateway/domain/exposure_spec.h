#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "common/pool/claim_name.h"
#include "common/pool/port.h"
#include "gateway/domain/names.h"

namespace berth::gateway {

using pool::PoolName;
using pool::Port;
using pool::Protocol;

/// Which port of a Service: by number, by name, or its only one of the protocol.
struct OnlyPort {
  friend bool operator==(const OnlyPort&, const OnlyPort&) = default;
};
using ServicePortRef = std::variant<OnlyPort, Port, PortName>;

/// "80", "http", or "" for the only one.
std::string ToString(const ServicePortRef& ref);

/// One port to expose.
struct PortWish {
  EntryName name;
  ServicePortRef target_port;
  Protocol protocol = Protocol::kTcp;
  /// The port asked for on the load balancer; any when unset.
  std::optional<Port> port;

  friend bool operator==(const PortWish&, const PortWish&) = default;
};

/// What is exposed: a Service, or whichever Service of a Helm release has the ports.
using Target = std::variant<ServiceName, ReleaseName>;

/// "Service web", "release web": for error texts.
std::string ToString(const Target& target);

/// What is asked of an exposure. Two specs are equal if they ask for the same, in whatever order
/// their ports were written.
class ExposureSpec {
 public:
  static constexpr std::size_t kMaxPorts = 16;

  /// INVALID_FIELD of "ports" unless there are 1 to 16 ports, their names differ, and no two ask
  /// for the same port of the load balancer.
  static absl::StatusOr<ExposureSpec> Create(Target target, PoolName pool,
                                             std::vector<PortWish> ports);

  const Target& target() const { return target_; }
  const PoolName& pool() const { return pool_; }
  /// Ordered by name.
  const std::vector<PortWish>& ports() const { return ports_; }

  friend bool operator==(const ExposureSpec&, const ExposureSpec&) = default;

 private:
  ExposureSpec(Target target, PoolName pool, std::vector<PortWish> ports);

  Target target_;
  PoolName pool_;
  std::vector<PortWish> ports_;
};

/// The name of an entry whose caller gave it none, which only a single one may do.
EntryName DefaultEntryName();

/// The name of an exposure whose caller gave it none: the target's name and 40 bits of a hash over
/// target, ports and pool. The same wish gets the same name on any replica.
ExposureName DerivedName(const ExposureSpec& spec);

/// Who a claim belongs to: "<namespace>/<exposure>", shortened by a hash where that is longer than
/// the 253 characters of an owner. An exposure made anew under its name is the same owner, and so
/// gets its old port back while that is in quarantine.
std::string ClaimOwner(const ExposureKey& key);

}  // namespace berth::gateway
