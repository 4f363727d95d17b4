#include "ingress-service/domain/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/status/status.h"

namespace berth::ingress {
namespace {

absl::Status NotSupported(const Driver& driver, pool::Protocol protocol, std::string_view option) {
  return Error(absl::StatusCode::kUnimplemented, Reason::ERROR_REASON_OPTION_NOT_SUPPORTED,
               fmt::format("driver '{}' does not support {} for {}; leave it out, or use a pool of "
                           "another driver",
                           pool::ToString(driver.kind()), option, pool::ToString(protocol)))
      .WithMetadata("option", option);
}

std::vector<RuleOption> OptionsOf(const RuleOptions& options) {
  std::vector<RuleOption> set;
  if (options.decode_proxy_protocol) {
    set.push_back(RuleOption::kDecodeProxyProtocol);
  }
  if (options.encode_proxy_protocol) {
    set.push_back(RuleOption::kEncodeProxyProtocol);
  }
  if (!options.source_ranges.empty()) {
    set.push_back(RuleOption::kSourceRanges);
  }
  return set;
}

}  // namespace

std::string_view ToString(RuleOption option) {
  switch (option) {
    case RuleOption::kDecodeProxyProtocol:
      return "decode_proxy_protocol";
    case RuleOption::kEncodeProxyProtocol:
      return "encode_proxy_protocol";
    case RuleOption::kSourceRanges:
      return "source_ranges";
  }
  return "";
}

ProgramRequest RequestFor(const pool::PoolName& pool, const Pools& pools, RuleSnapshot rules) {
  ProgramRequest request{.pool = pool.value(), .rules = std::move(rules)};
  for (const auto& state : pools.List()) {
    request.pools.emplace_back(state, &state->pool);
    if (state->pool.name == pool) {
      request.load_balancers = state->load_balancers;
    }
  }
  return request;
}

const pool::Pool* FindPool(const ProgramRequest& request) {
  const auto found =
      std::find_if(request.pools.begin(), request.pools.end(),
                   [&](const auto& pool) { return pool->name.value() == request.pool; });
  return found == request.pools.end() ? nullptr : found->get();
}

absl::StatusOr<Driver*> FindDriver(const Drivers& drivers, pool::Driver kind) {
  const auto found = std::find_if(drivers.begin(), drivers.end(),
                                  [&](const auto& driver) { return driver->kind() == kind; });
  if (found == drivers.end()) {
    return Error(absl::StatusCode::kUnimplemented, Reason::ERROR_REASON_DRIVER_NOT_SUPPORTED,
                 fmt::format("the pool's driver '{}' is not built into this version",
                             pool::ToString(kind)))
        .WithMetadata("driver", pool::ToString(kind));
  }
  return found->get();
}

absl::Status SharesWithNobody(const Driver& driver) {
  return Error(absl::StatusCode::kUnimplemented, Reason::ERROR_REASON_OPTION_NOT_SUPPORTED,
               fmt::format("driver '{}' shares its objects with nobody: there is nothing to adopt",
                           pool::ToString(driver.kind())))
      .WithMetadata("option", "adopt");
}

absl::Status CheckSupported(const Driver& driver, const pool::ClaimName& name,
                            const RuleOptions& options) {
  const Capabilities& can = driver.capabilities();
  const auto honoured = can.options.find(name.protocol());
  if (honoured == can.options.end()) {
    return NotSupported(driver, name.protocol(), "rules");
  }
  for (const RuleOption option : OptionsOf(options)) {
    if (!honoured->second.contains(option)) {
      return NotSupported(driver, name.protocol(), ToString(option));
    }
  }
  if (can.reserved.Contains(name.port())) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_PORT_NOT_ALLOWED,
                 fmt::format("port {} is kept by the load balancer's controller for itself; add it "
                             "to the pool's reservedPorts and claim another",
                             name.port().number()));
  }
  return absl::OkStatus();
}

}  // namespace berth::ingress
