#include "port-service/adapters/port_engine.h"

#include <cstdint>
#include <optional>
#include <random>

#include "common/kube/crd_check.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"

namespace berth::port {
namespace {

/// Calls that draw are few, so each asks the system anew and nothing is shared between threads.
std::uint64_t DrawBelow(std::uint64_t bound) {
  std::random_device device;
  return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(device);
}

DiscoveryLoop::Options WithNamespace(DiscoveryLoop::Options options, const std::string& ns) {
  options.ns = ns;
  return options;
}

}  // namespace

PortEngine::PortEngine(kube::Client& client, metrics::Registry& metrics, const Options& options)
    : client_(client),
      mapper_(client),
      store_(client, options.ns),
      pool_store_(client, options.ns),
      cluster_(client, mapper_, options.ns),
      scanner_(client, mapper_, options.ns),
      claims_(client, {.ns = options.ns,
                       .on_change = [this](const std::string& name) { claim_loop_.Add(name); },
                       .on_rewound = [this] { Rewound(); },
                       .watch_patience = options.watch_patience}),
      watcher_(client, {.ns = options.ns,
                        .on_change = [this] { PoolsChanged(); },
                        .on_rewound = [this] { Rewound(); }}),
      gate_(client, mapper_, options.ns, store_, claims_, watcher_),
      pools_(watcher_, gate_),
      allocator_(store_, claims_, cluster_, KubeServerNow(client)),
      chooser_(
          pools_, claims_, [this](const Owner& owner) { return claims_.LastPool(owner); },
          DrawBelow),
      claimer_(chooser_, allocator_),
      lifecycle_(store_, claims_, cluster_, pools_, KubeServerNow(client)),
      reaper_(store_, cluster_, KubeServerNow(client),
              [this](const pool::PoolName& name) -> std::optional<std::string> {
                const auto pool = watcher_.Find(name);
                return pool.ok() ? std::optional((*pool)->pool.uid) : std::nullopt;
              }),
      claim_loop_(client, options.ns, claims_, reaper_),
      pool_loop_(client, mapper_, options.ns, watcher_, claims_, metrics),
      repair_loop_(client, {.ns = options.ns, .interval = options.repair_interval}, store_, claims_,
                   cluster_, metrics),
      discovery_loop_(client, WithNamespace(options.discovery, options.ns), scanner_, pool_store_) {
}

PortEngine::~PortEngine() { Stop(); }

absl::Status PortEngine::Start(std::chrono::steady_clock::time_point deadline) {
  RETURN_IF_ERROR(kube::CheckSchemas(client_, {{.resource = kube::kPortPools, .revision = 4},
                                               {.resource = kube::kPortClaims, .revision = 3},
                                               {.resource = kube::kPortRules, .revision = 1}}));
  claims_.Start();
  watcher_.Start();
  RETURN_IF_ERROR(claims_.WaitForSync(deadline));
  RETURN_IF_ERROR(watcher_.WaitForSync(deadline));
  gate_.Start();
  gate_.PoolsChanged();
  claim_loop_.Start();
  pool_loop_.Start();
  repair_loop_.Start();
  discovery_loop_.Start();
  return absl::OkStatus();
}

void PortEngine::Stop() {
  discovery_loop_.Stop();
  repair_loop_.Stop();
  pool_loop_.Stop();
  claim_loop_.Stop();
  gate_.Stop();
  watcher_.Stop();
  claims_.Stop();
}

void PortEngine::PoolsChanged() {
  gate_.PoolsChanged();
  pool_loop_.PoolsChanged();
}

void PortEngine::Rewound() { gate_.CloseAll(); }

}  // namespace berth::port
