#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/kube/label_selector.h"
#include "common/pool/claim_name.h"
#include "common/pool/pool_state.h"
#include "common/pool/port_set.h"
#include "port-service/domain/claim.h"
#include "port-service/domain/labels.h"
#include "port-service/domain/names.h"

namespace berth::port {

/// One entry of a request: a number for one protocol, or the same number for several.
struct PortWish {
  EntryName name;
  /// At least one, each once, in the order of pool::kProtocols.
  std::vector<pool::Protocol> protocols;
  /// None leaves the choice to the allocator.
  std::optional<pool::Port> port;
  /// Whether it may be one that others hold: somebody is about to take their entry over.
  bool held_by_others = false;
};

/// Which pools a claim may come from, and which of those is taken. Every pool if nothing is set.
struct PoolSelector {
  struct LoadBalancers {
    /// Empty: any.
    std::string ns;
    std::optional<kube::LabelSelector> labels;
  };
  enum class Strategy {
    /// The pool of the claim that the owner got or changed last, else as kLeastUsed.
    kOwnersLast,
    /// The pool with the largest part of its range free.
    kLeastUsed,
    kRandom,
  };

  /// One that callers are told, or that a load balancer reports.
  std::optional<pool::Address> address;
  /// At least one of them fits.
  std::optional<LoadBalancers> load_balancers;
  Strategy strategy = Strategy::kOwnersLast;
};

bool Matches(const PoolSelector& selector, const pool::PoolState& pool);

/// A request for ports of one pool, all of them or none.
struct ClaimRequest {
  std::variant<pool::PoolName, PoolSelector> pool;
  Owner owner;
  RequestId request_id;
  /// At least one; their names, and what they ask for, differ.
  std::vector<PortWish> wishes;
  /// None means the pool's.
  std::optional<std::chrono::seconds> ttl;
  std::optional<pool::ExposureRef> exposure;
  Labels labels;
  /// Ports that are not chosen; one that a wish names is taken all the same.
  pool::PortSet avoid;
};

}  // namespace berth::port
