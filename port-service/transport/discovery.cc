#include "port-service/transport/discovery.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/transport/convert.h"

namespace berth::port {
namespace {

constexpr std::size_t kLongestNamespace = 63;
constexpr std::size_t kLongestSelector = 4096;

absl::Status Check(const v1::DiscoverPoolsRequest& request) {
  FieldViolations violations;
  // The store would take it for a part of its path.
  if (request.namespace_().size() > kLongestNamespace ||
      request.namespace_().find('/') != std::string::npos) {
    violations.Add("namespace", "must be the name of a namespace, or empty for all");
  }
  if (request.label_selector().size() > kLongestSelector) {
    violations.Add("label_selector", "must have at most 4096 characters");
  }
  return violations.ToStatus();
}

v1::PoolProposal Describe(const PoolProposal& proposal) {
  v1::PoolProposal proto;
  proto.set_name(proposal.name);
  for (const FoundLoadBalancer& found : proposal.load_balancers) {
    v1::LoadBalancer& to = *proto.add_load_balancers();
    to.set_kind(std::string(pool::ToString(found.ref.kind)));
    to.set_namespace_(found.ref.name.ns);
    to.set_name(found.ref.name.name);
    for (const pool::Address& address : found.addresses) {
      *to.add_addresses() = ToProto(address);
    }
  }
  proto.set_controller(proposal.controller);
  if (proposal.driver.has_value()) {
    proto.set_driver(std::string(pool::ToString(*proposal.driver)));
  }
  if (proposal.configmap.has_value()) {
    *proto.mutable_configmap() = ToProto(*proposal.configmap);
  }
  proto.set_pool(proposal.pool);
  proto.set_problem(proposal.problem);
  return proto;
}

}  // namespace

absl::StatusOr<v1::DiscoverPoolsResponse> DiscoverPools(ClusterScanner& cluster, Pools& pools,
                                                        const v1::DiscoverPoolsRequest& request) {
  RETURN_IF_ERROR(Check(request));
  const absl::StatusOr<std::vector<FoundLoadBalancer>> found =
      cluster.FindLoadBalancers(request.namespace_(), request.label_selector());
  if (absl::IsInvalidArgument(found.status())) {
    return InvalidField("label_selector",
                        "must be a Kubernetes label selector, such as "
                        "\"app=ingress-nginx,tier!=internal\"");
  }
  RETURN_IF_ERROR(found.status());
  ASSIGN_OR_RETURN(const std::vector<FoundWorkload> workloads,
                   cluster.FindWorkloads(request.namespace_()));
  ASSIGN_OR_RETURN(const auto states, pools.List());
  std::vector<pool::Pool> present;
  present.reserve(states.size());
  for (const auto& state : states) present.push_back(state->pool);
  v1::DiscoverPoolsResponse response;
  for (const PoolProposal& proposal : ProposePools(*found, workloads, present)) {
    *response.add_proposals() = Describe(proposal);
  }
  return response;
}

}  // namespace berth::port
