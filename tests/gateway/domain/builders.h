#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/domain/exposure.h"
#include "gateway/domain/exposure_spec.h"
#include "gateway/domain/held.h"
#include "gateway/domain/target.h"

// Short ways to write down exposures, Services and claims in tests.
namespace berth::gateway::testing {

inline Port PortOf(int number) { return *Port::Parse(number); }

inline ExposureKey Key(std::string name = "web") {
  return {*Namespace::Parse("shop"), *ExposureName::Parse(std::move(name))};
}

inline PortWish Wish(std::string entry, ServicePortRef target_port = PortOf(80),
                     std::optional<Port> port = std::nullopt, Protocol protocol = Protocol::kTcp) {
  return {*EntryName::Parse(std::move(entry)), std::move(target_port), protocol, port};
}

inline ExposureSpec SpecOf(std::vector<PortWish> ports, std::string pool = "edge",
                           Target target = *ServiceName::Parse("web")) {
  return *ExposureSpec::Create(std::move(target), *PoolName::Parse(std::move(pool)),
                               std::move(ports));
}

inline ExposureSpec SimpleSpec() { return SpecOf({Wish("http")}); }

inline Exposure ExposureOf(ExposureSpec spec = SimpleSpec()) {
  return Exposure{.key = Key(),
                  .uid = "uid-1",
                  .resource_version = "1",
                  .generation = 1,
                  .has_finalizer = true,
                  .spec = std::move(spec)};
}

inline void SetCondition(Exposure& exposure, ConditionType type, Truth status,
                         std::string reason = "Because", std::string message = "") {
  exposure.status.conditions[type] = {status, std::move(reason), std::move(message),
                                      exposure.generation};
}

inline Service ServiceOf(std::string name, std::vector<ServicePort> ports,
                         std::string release = "") {
  return {*ServiceName::Parse(std::move(name)), std::move(release), std::move(ports)};
}

inline Claim ClaimOf(const std::string& entry, int port, Claim::State state,
                     std::string pool = "edge") {
  const std::string name = pool + ".tcp." + std::to_string(port);
  return {.name = name,
          .uid = "uid-of-" + name,
          .pool = std::move(pool),
          .entry = entry,
          .port = port,
          .state = state};
}

inline Rule RuleFor(const Claim& claim, ServicePortRef port = PortOf(80),
                    std::int64_t generation = 1) {
  return {.name = claim.name,
          .claim_uid = claim.uid,
          .target = {"shop", "web", std::move(port)},
          .exposure_generation = generation,
          .programmed = {Truth::kTrue, "TcpConnect", "", generation}};
}

}  // namespace berth::gateway::testing
