#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/pool/address.h"
#include "common/pool/port.h"

namespace berth::ingress {

/// Where to look whether a rule is served.
struct ProbeTarget {
  /// Names what is looked at: another one when anything about it changes.
  std::string token;
  /// An IP address or a hostname.
  std::string host;
  pool::Port port;
  /// Whether the load balancer expects the PROXY protocol there.
  bool send_proxy_header = false;

  friend bool operator==(const ProbeTarget&, const ProbeTarget&) = default;
};

/// What a TCP connection through the load balancer showed.
struct ProbeResult {
  enum class Kind {
    /// It stayed open or delivered a byte: there is a backend.
    kServing,
    /// It was accepted and closed at once: the load balancer has the entry, and no backend for it.
    kClosed,
    /// There was no connection: the load balancer does not have the entry.
    kUnreachable,
  };
  Kind kind = Kind::kUnreachable;
  /// For people.
  std::string detail;

  friend bool operator==(const ProbeResult&, const ProbeResult&) = default;
};

/// Looks through the load balancers again and again. Thread safe.
class Prober {
 public:
  virtual ~Prober() = default;
  /// Looks at exactly these targets on behalf of a pool from now on; results of the ones that stay
  /// are kept.
  virtual void Watch(const std::string& pool, std::vector<ProbeTarget> targets) = 0;
  /// None as long as nothing is known.
  virtual std::optional<ProbeResult> Latest(const std::string& token) const = 0;
};

}  // namespace berth::ingress
