#include "ingress-service/adapters/load_balancer_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/kube/resource.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "ingress-service/domain/load_balancer_service.h"
#include "ingress-service/domain/rule_object_pass.h"

namespace berth::ingress {
namespace {

using pool::Protocol;

const std::vector<RuleObjectKind>& Kinds() {
  // Targets are in any namespace.
  static const std::vector<RuleObjectKind> kinds = {{kube::kServices, ""}};
  return kinds;
}

}  // namespace

// What the rules of one pool ask for. Lives on the stack of Program.
class LoadBalancerDriver::Plan : public RuleObjectPlan {
 public:
  Plan(const LoadBalancerDriver& driver, const ProgramRequest& request)
      : driver_(driver), request_(request) {
    for (const pool::LoadBalancerState& load_balancer : request.load_balancers) {
      for (const pool::Address& address : load_balancer.addresses) {
        if (address.kind() != pool::Address::Kind::kHostname &&
            std::find(addresses_.begin(), addresses_.end(), address) == addresses_.end()) {
          addresses_.push_back(address);
          load_balancer_class_ = load_balancer.load_balancer_class;
        }
      }
    }
  }

  absl::StatusOr<std::vector<RuleObjectName>> Names(const Rule& rule) const override {
    return std::vector<RuleObjectName>{{kube::kServices, NameOf(rule)}};
  }

  absl::StatusOr<std::vector<RuleObject>> Objects(const Rule& rule) const override {
    ASSIGN_OR_RETURN(const ServiceWish wish, WishOf(rule));
    return std::vector<RuleObject>{ServiceObject(NameOf(rule), rule, wish)};
  }

  absl::Status Judge(const Rule& rule, const std::vector<kube::Json>& stored) const override {
    ASSIGN_OR_RETURN(const ServiceWish wish, WishOf(rule));
    return ServiceVerdict(stored.front(), wish);
  }

  std::string_view evidence() const override { return kServiceEvidence; }

 private:
  kube::ObjectName NameOf(const Rule& rule) const {
    return {rule.spec.target.ns, ServiceName(rule.name, driver_.ns_)};
  }

  absl::StatusOr<ServiceWish> WishOf(const Rule& rule) const {
    const pool::Pool* pool = FindPool(request_);
    if (pool == nullptr || !pool->loadbalancer || addresses_.empty()) {
      return Error(
          absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_NOT_READY,
          fmt::format("no load balancer of pool '{}' has an IP address to share", request_.pool));
    }
    ASSIGN_OR_RETURN(Backend backend,
                     driver_.targets_.FindBackend(rule.spec.target, rule.name.protocol()));
    return ServiceWish{.key = {rule.name.protocol(), rule.name.port()},
                       .backend = std::move(backend),
                       .source_ranges = rule.spec.options.source_ranges,
                       .settings = *pool->loadbalancer,
                       .addresses = addresses_,
                       .load_balancer_class = load_balancer_class_};
  }

  const LoadBalancerDriver& driver_;
  const ProgramRequest& request_;
  /// Those of the pool's load balancers, each once.
  std::vector<pool::Address> addresses_;
  /// Of a load balancer that has one of them.
  std::string load_balancer_class_;
};

LoadBalancerDriver::LoadBalancerDriver(RuleObjects& objects, RuleStore& rules,
                                       const Targets& targets, std::string ns)
    : objects_(objects),
      writer_(objects, rules, ns),
      targets_(targets),
      ns_(std::move(ns)),
      capabilities_({.options = {{Protocol::kTcp, {RuleOption::kSourceRanges}},
                                 {Protocol::kUdp, {RuleOption::kSourceRanges}}}}) {}

absl::StatusOr<ProgramResult> LoadBalancerDriver::Program(const ProgramRequest& request) {
  const Plan plan(*this, request);
  return RuleObjectPass(objects_, writer_, ns_, request, Kinds(), plan).Program();
}

absl::StatusOr<std::vector<ObjectDrift>> LoadBalancerDriver::FindDrift(
    const ProgramRequest& request) {
  const Plan plan(*this, request);
  return RuleObjectPass(objects_, writer_, ns_, request, Kinds(), plan).FindDrift();
}

absl::StatusOr<std::vector<ForeignEntry>> LoadBalancerDriver::FindForeign(
    const ProgramRequest& /*request*/) {
  return SharesWithNobody(*this);
}

}  // namespace berth::ingress
