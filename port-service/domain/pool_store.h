#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/pool/pool.h"

namespace berth::port {

/// What is configured of a pool.
struct PoolSpec {
  pool::PoolName name;
  pool::Driver driver;
  std::vector<pool::LoadBalancerRef> load_balancers;
  pool::Port first;
  pool::Port last;
  pool::PortSet reserved;
  /// None means the default for the range.
  std::optional<int> static_ports;
  pool::Quotas quotas;
  std::vector<pool::Address> published_addresses;
  std::chrono::seconds claim_ttl = std::chrono::minutes(10);
  std::chrono::seconds quarantine = std::chrono::minutes(10);
  pool::DriftPolicy drift_policy = pool::DriftPolicy::kRepair;
  /// Set for Driver::kConfigMap.
  std::optional<pool::ConfigMapRefs> configmap;
  /// Set for Driver::kLoadBalancer.
  std::optional<pool::LoadBalancerSettings> loadbalancer;
};

/// Tells versions of a pool's spec apart, also those of pools that had the same name.
std::string Etag(const pool::Pool& pool);
std::string Etag(const std::string& uid, std::int64_t generation);

enum class WriteMode {
  kStore,
  /// Makes every check and changes nothing.
  kCheck,
};

/// The stored pools. May be used by several threads. Beyond what is said, any call may fail with
/// the store's errors; the write may then have happened or not, and may be repeated.
class PoolStore {
 public:
  virtual ~PoolStore() = default;

  /// The pool as stored; one of that name and spec that exists is answered. ALREADY_EXISTS,
  /// POOL_EXISTS for another spec.
  virtual absl::StatusOr<pool::Pool> Create(const PoolSpec& spec, WriteMode mode) = 0;
  /// Replaces the spec that has this etag; fields this version does not know stay. NOT_FOUND:
  /// POOL_NOT_FOUND. INVALID_ARGUMENT: another driver. FAILED_PRECONDITION: POOL_NOT_READY if it is
  /// being deleted. ABORTED: POOL_CHANGED.
  virtual absl::StatusOr<pool::Pool> Update(const PoolSpec& spec, const std::string& etag,
                                            WriteMode mode) = 0;
  /// Marks the pool as being deleted; with an etag only if that is still its own. NOT_FOUND:
  /// POOL_NOT_FOUND. FAILED_PRECONDITION: POOL_IN_USE while claims of it are not in quarantine.
  /// ABORTED: POOL_CHANGED.
  virtual absl::Status Delete(const pool::PoolName& name, const std::string& etag,
                              WriteMode mode) = 0;
};

}  // namespace berth::port
