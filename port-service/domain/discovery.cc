#include "port-service/domain/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "common/pool/claim_name.h"

namespace berth::port {
namespace {

bool Selects(const FoundLoadBalancer& service, const FoundWorkload& workload) {
  return service.ref.name.ns == workload.name.ns && !service.selector.empty() &&
         std::all_of(service.selector.begin(), service.selector.end(), [&](const auto& label) {
           const auto found = workload.pod_labels.find(label.first);
           return found != workload.pod_labels.end() && found->second == label.second;
         });
}

bool IsGateway(const FoundLoadBalancer& load_balancer) {
  return load_balancer.ref.kind == pool::LoadBalancerKind::kGateway;
}

bool ShareAnAddress(const FoundLoadBalancer& left, const FoundLoadBalancer& right) {
  return std::find_first_of(left.addresses.begin(), left.addresses.end(), right.addresses.begin(),
                            right.addresses.end()) != left.addresses.end();
}

// Those that are connected by addresses, directly or by way of others: one port is the same on all
// of them.
std::vector<std::vector<FoundLoadBalancer>> GroupByAddress(
    const std::vector<FoundLoadBalancer>& load_balancers) {
  const auto by_name = [](const FoundLoadBalancer& left, const FoundLoadBalancer& right) {
    return std::tie(left.ref.name, left.ref.kind) < std::tie(right.ref.name, right.ref.kind);
  };
  std::vector<std::vector<FoundLoadBalancer>> groups;
  for (const FoundLoadBalancer& load_balancer : load_balancers) {
    std::vector<FoundLoadBalancer> joined = {load_balancer};
    std::erase_if(groups, [&](std::vector<FoundLoadBalancer>& group) {
      const bool joins = std::any_of(group.begin(), group.end(), [&](const auto& other) {
        return ShareAnAddress(load_balancer, other);
      });
      if (joins) std::move(group.begin(), group.end(), std::back_inserter(joined));
      return joins;
    });
    std::sort(joined.begin(), joined.end(), by_name);
    groups.push_back(std::move(joined));
  }
  for (std::vector<FoundLoadBalancer>& group : groups) {
    if (std::any_of(group.begin(), group.end(), IsGateway)) {
      // The Service with a Gateway's address is how its controller gets at the address.
      std::erase_if(group, [](const auto& load_balancer) { return !IsGateway(load_balancer); });
    }
  }
  std::sort(groups.begin(), groups.end(), [&](const auto& left, const auto& right) {
    return by_name(left.front(), right.front());
  });
  return groups;
}

std::string PoolOf(const std::vector<FoundLoadBalancer>& load_balancers,
                   const std::vector<pool::Pool>& pools) {
  for (const pool::Pool& pool : pools) {
    for (const FoundLoadBalancer& load_balancer : load_balancers) {
      if (std::find(pool.load_balancers.begin(), pool.load_balancers.end(), load_balancer.ref) !=
          pool.load_balancers.end()) {
        return pool.name.value();
      }
    }
  }
  return "";
}

std::string NewName(const kube::ObjectName& load_balancer, std::set<std::string>& taken) {
  for (const std::string& name :
       {load_balancer.name, load_balancer.ns + "-" + load_balancer.name}) {
    if (pool::PoolName::Parse(name).ok() && taken.insert(name).second) return name;
  }
  for (int number = 1;; ++number) {
    const std::string name = fmt::format("pool-{}", number);
    if (taken.insert(name).second) return name;
  }
}

// What can be said of the controller behind one load balancer.
struct Controller {
  std::string name;
  ControllerArguments arguments;
};

std::optional<Controller> ControllerOf(const FoundLoadBalancer& service,
                                       const std::vector<FoundWorkload>& workloads) {
  std::optional<Controller> found;
  for (const FoundWorkload& workload : workloads) {
    if (!Selects(service, workload)) continue;
    const std::string name = workload.kind + " " + workload.name.ToString();
    for (const Container& container : workload.containers) {
      ControllerArguments arguments = ReadControllerArguments(container);
      if (arguments.tcp_services.has_value() || arguments.udp_services.has_value()) {
        return Controller{name, std::move(arguments)};
      }
    }
    if (!found.has_value()) found = Controller{name, {}};
  }
  return found;
}

// Sets driver, controller and problem of a proposal of Gateways.
void DescribeGateways(PoolProposal& proposal) {
  proposal.driver = pool::Driver::kGatewayApi;
  proposal.controller = "GatewayClass " + proposal.load_balancers.front().gateway_class;
  for (const FoundLoadBalancer& gateway : proposal.load_balancers) {
    if (!gateway.problem.empty()) {
      proposal.problem = fmt::format("{} {}", gateway.ref.ToString(), gateway.problem);
      return;
    }
  }
}

// Sets driver, controller, ConfigMaps and problem of a proposal of Services.
void DescribeController(const std::vector<FoundWorkload>& workloads, PoolProposal& proposal) {
  for (const FoundLoadBalancer& service : proposal.load_balancers) {
    const std::optional<Controller> controller = ControllerOf(service, workloads);
    if (!controller.has_value()) {
      proposal.problem =
          fmt::format("no Deployment or DaemonSet is behind {}", service.ref.name.ToString());
      return;
    }
    proposal.controller = controller->name;
    const auto& [tcp, udp] = controller->arguments;
    if (!tcp.has_value() || !udp.has_value()) {
      proposal.problem = fmt::format("{} has no --{}-services-configmap=NAMESPACE/NAME",
                                     controller->name, tcp.has_value() ? "udp" : "tcp");
      return;
    }
    const pool::ConfigMapRefs refs{.tcp_services = *tcp, .udp_services = *udp};
    if (proposal.configmap.has_value() && proposal.configmap != refs) {
      proposal.configmap.reset();
      proposal.problem = "load balancers that share an address are of different controllers";
      return;
    }
    proposal.configmap = refs;
  }
  proposal.driver = pool::Driver::kConfigMap;
}

}  // namespace

std::optional<PoolSpec> SpecOf(const PoolProposal& proposal, pool::Port first, pool::Port last) {
  const absl::StatusOr<pool::PoolName> name = pool::PoolName::Parse(proposal.name);
  if (!name.ok() || !proposal.driver.has_value() || !proposal.problem.empty()) {
    return std::nullopt;
  }
  std::optional<pool::ConfigMapRefs> configmap = proposal.configmap;
  std::vector<pool::LoadBalancerRef> load_balancers;
  load_balancers.reserve(proposal.load_balancers.size());
  for (const FoundLoadBalancer& load_balancer : proposal.load_balancers) {
    load_balancers.push_back(load_balancer.ref);
  }
  return PoolSpec{.name = *name,
                  .driver = *proposal.driver,
                  .load_balancers = std::move(load_balancers),
                  .first = first,
                  .last = last,
                  .configmap = std::move(configmap)};
}

std::vector<PoolProposal> ProposePools(const std::vector<FoundLoadBalancer>& load_balancers,
                                       const std::vector<FoundWorkload>& workloads,
                                       const std::vector<pool::Pool>& pools) {
  std::set<std::string> taken;
  for (const pool::Pool& pool : pools) taken.insert(pool.name.value());
  std::vector<PoolProposal> proposals;
  for (std::vector<FoundLoadBalancer>& group : GroupByAddress(load_balancers)) {
    PoolProposal proposal{.load_balancers = std::move(group)};
    proposal.pool = PoolOf(proposal.load_balancers, pools);
    proposal.name = NewName(proposal.load_balancers.front().ref.name, taken);
    if (IsGateway(proposal.load_balancers.front())) {
      DescribeGateways(proposal);
    } else {
      DescribeController(workloads, proposal);
    }
    const auto pending =
        std::find_if(proposal.load_balancers.begin(), proposal.load_balancers.end(),
                     [](const auto& found) { return found.addresses.empty(); });
    if (!proposal.pool.empty()) {
      proposal.problem = fmt::format("pool '{}' has it", proposal.pool);
    } else if (proposal.problem.empty() && pending != proposal.load_balancers.end()) {
      proposal.problem = fmt::format("{} has no address yet", pending->ref.ToString());
    }
    proposals.push_back(std::move(proposal));
  }
  return proposals;
}

}  // namespace berth::port
