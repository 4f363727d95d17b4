#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/pool/pool.h"
#include "common/pool/pool_state.h"
#include "common/pool/port_set.h"
#include "ingress-service/domain/entries.h"
#include "ingress-service/domain/pools.h"
#include "ingress-service/domain/rule.h"
#include "ingress-service/domain/rule_source.h"

namespace berth::ingress {

/// What a rule can ask for beyond a target.
enum class RuleOption { kDecodeProxyProtocol, kEncodeProxyProtocol, kSourceRanges };

/// "decode_proxy_protocol": as the contract spells it.
std::string_view ToString(RuleOption option);

/// What a driver can do.
struct Capabilities {
  /// The protocols it serves, with the options it honours for each.
  std::map<pool::Protocol, std::set<RuleOption>> options;
  /// Ports that its kind of load balancer keeps for itself.
  pool::PortSet reserved;
  /// Whether a TCP connection through the load balancer has to prove that a rule is served, since
  /// what Program sees does not.
  bool needs_probe = false;
};

/// What became of a live rule on its load balancer.
struct RuleProgress {
  /// OK if the load balancer has it, as far as the driver can see (its entries are there, at the
  /// revision of the shared objects that was read or written last); else why not: PORT_TAKEN,
  /// TARGET_PORT_NOT_FOUND, CONTROLLER_REFUSED, NODE_PORTS_EXHAUSTED; NOT_PROGRAMMED while it is
  /// only a matter of time.
  absl::Status status;
  /// What an OK rests on, for RuleStatus::evidence; a connection, where one is needed, says more.
  std::string evidence = "status";
  /// What to record in RuleStatus::written.
  std::map<std::string, std::string> written;
};

/// What a pass needs to know.
struct ProgramRequest {
  /// Name of the pool.
  std::string pool;
  /// All pools known; a rule of one that is missing keeps what it has.
  std::vector<std::shared_ptr<const pool::Pool>> pools;
  /// The rules that the caller has seen.
  RuleSnapshot rules;
  /// Those of the pool, as they are seen; none without it.
  std::vector<pool::LoadBalancerState> load_balancers;
  /// How many objects that rules do not share may be written at the same time.
  int parallel_calls = 1;
};

/// Of `pool` as it is known now.
ProgramRequest RequestFor(const pool::PoolName& pool, const Pools& pools, RuleSnapshot rules);

/// The pool that a pass is for; null if it is not known.
const pool::Pool* FindPool(const ProgramRequest& request);

/// A difference, and the object that it is in: "ConfigMap/ingress-nginx/tcp-services".
struct ObjectDrift {
  std::string object;
  Drift drift;
};

/// An entry that others made, and the rule that would make the same.
struct ForeignEntry {
  PortKey key;
  Target target;
  RuleOptions options;
  /// What makes it Berth's once a rule's status records it: RuleStatus::written.
  std::map<std::string, std::string> written;
};

/// What a pass did.
struct ProgramResult {
  /// By the rule's name: each live rule of the pool.
  std::map<std::string, RuleProgress> live;
  /// Uids of the pool's rules being removed, whose entries are gone for good.
  std::set<std::string> removed;
  /// What others had changed of the pool's entries since they were written.
  std::vector<ObjectDrift> drift;
};

/// A way to put rules on a load balancer. Thread safe; two replicas may run the same pass at once.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual pool::Driver kind() const = 0;
  virtual const Capabilities& capabilities() const = 0;
  /// Makes the pool's load balancer carry exactly its live rules, all of them in as few writes as
  /// the shared objects allow. Errors: those of the API server, after which nothing is known and
  /// the pass is to be repeated.
  virtual absl::StatusOr<ProgramResult> Program(const ProgramRequest& request) = 0;
  /// What is not as Program would have it, or would leave it, through no write of Berth's. Changes
  /// nothing.
  virtual absl::StatusOr<std::vector<ObjectDrift>> FindDrift(const ProgramRequest& request) = 0;
  /// Others' entries that rules could take over, by port. Changes nothing.
  virtual absl::StatusOr<std::vector<ForeignEntry>> FindForeign(const ProgramRequest& request) = 0;
};

/// The drivers built into this program; one for each kind at the most.
using Drivers = std::vector<std::unique_ptr<Driver>>;

/// UNIMPLEMENTED, DRIVER_NOT_SUPPORTED if the kind is not built in.
absl::StatusOr<Driver*> FindDriver(const Drivers& drivers, pool::Driver kind);

/// UNIMPLEMENTED, OPTION_NOT_SUPPORTED: what a driver whose objects nobody else writes says of
/// others' entries.
absl::Status SharesWithNobody(const Driver& driver);

/// Whether a driver can serve such a rule: UNIMPLEMENTED, OPTION_NOT_SUPPORTED with the protocol or
/// option in metadata `option`, or FAILED_PRECONDITION, PORT_NOT_ALLOWED for a port that the load
/// balancer keeps for itself.
absl::Status CheckSupported(const Driver& driver, const pool::ClaimName& name,
                            const RuleOptions& options);

}  // namespace berth::ingress
