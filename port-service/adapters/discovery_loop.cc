#include "port-service/adapters/discovery_loop.h"

#include <optional>
#include <stop_token>
#include <utility>

#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::port {
namespace {

constexpr char kPass[] = "pass";

}  // namespace

DiscoveryLoop::DiscoveryLoop(kube::Client& client, Options options, ClusterScanner& scanner,
                             PoolStore& pools)
    : client_(client),
      options_(std::move(options)),
      scanner_(scanner),
      pools_(pools),
      queue_({.name = "discovery",
              .on_error =
                  [](const std::string&, const absl::Status& error) {
                    log::Warning("no pools could be made of load balancers",
                                 {{"error", Describe(error)}});
                  }},
             [this](const std::string&, const std::stop_token&) { return Pass(); }) {}

void DiscoveryLoop::Start() {
  if (!options_.label_selector.empty()) {
    queue_.Add(kPass);
  }
  queue_.Start();
}

// Not the watch's: a pool that it does not show yet would get another one over the same load
// balancer, and then both would stop.
absl::StatusOr<std::vector<pool::Pool>> DiscoveryLoop::ReadPools() {
  ASSIGN_OR_RETURN(const kube::ObjectList list, client_.List(kube::kPortPools, options_.ns));
  std::vector<pool::Pool> pools;
  for (const kube::Json& object : list.items) {
    ASSIGN_OR_RETURN(pool::Pool pool, pool::ParsePool(object));
    pools.push_back(std::move(pool));
  }
  return pools;
}

kube::WorkQueue::Outcome DiscoveryLoop::Pass() {
  ASSIGN_OR_RETURN(const pool::Port first, pool::Port::Parse(options_.first_port));
  ASSIGN_OR_RETURN(const pool::Port last, pool::Port::Parse(options_.last_port));
  ASSIGN_OR_RETURN(
      const std::vector<FoundLoadBalancer> load_balancers,
      scanner_.FindLoadBalancers(options_.load_balancer_namespace, options_.label_selector));
  ASSIGN_OR_RETURN(const std::vector<FoundWorkload> workloads,
                   scanner_.FindWorkloads(options_.load_balancer_namespace));
  ASSIGN_OR_RETURN(const std::vector<pool::Pool> present, ReadPools());
  for (const PoolProposal& proposal : ProposePools(load_balancers, workloads, present)) {
    const std::optional<PoolSpec> spec = SpecOf(proposal, first, last);
    if (!spec.has_value()) {
      continue;
    }
    RETURN_IF_ERROR(pools_.Create(*spec, WriteMode::kStore).status());
    log::Info("pool made of a labelled load balancer",
              {{"pool", spec->name.value()},
               {"load_balancer", spec->load_balancers.front().ToString()},
               {"controller", proposal.controller}});
  }
  return options_.interval;
}

}  // namespace berth::port
