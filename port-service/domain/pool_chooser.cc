#include "port-service/domain/pool_chooser.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/domain/port_usage.h"

namespace berth::port {
namespace {

using PoolStates = PoolChooser::PoolStates;

std::set<pool::Protocol> ProtocolsOf(const ClaimRequest& request) {
  std::set<pool::Protocol> protocols;
  for (const PortWish& wish : request.wishes) {
    protocols.insert(wish.protocols.begin(), wish.protocols.end());
  }
  return protocols;
}

/// How much of a pool's range is free for what is asked for, from 0 to 1.
double FreePart(const pool::PoolState& pool, const ClaimedPorts& claimed,
                const std::set<pool::Protocol>& protocols) {
  int total = 0;
  int free = 0;
  for (const pool::Protocol protocol : protocols) {
    const PortUsage usage = CountUsage(pool, claimed, protocol);
    total += usage.total;
    free += usage.free;
  }
  return total == 0 ? 0.0 : static_cast<double>(free) / total;
}

void MoveToFront(PoolStates& pools, const pool::PoolName& name) {
  std::stable_partition(pools.begin(), pools.end(),
                        [&](const auto& pool) { return pool->pool.name == name; });
}

}  // namespace

PoolChooser::PoolChooser(Pools& pools, ClaimView& view, LastPool last_pool, Random random)
    : pools_(pools), view_(view), last_pool_(std::move(last_pool)), random_(std::move(random)) {}

absl::StatusOr<PoolStates> PoolChooser::Choose(const ClaimRequest& request) {
  if (const auto* name = std::get_if<pool::PoolName>(&request.pool); name != nullptr) {
    return OpenPool(*name);
  }
  if (const auto name = PoolOfRequest(request); name.has_value()) {
    return OpenPool(*name);
  }
  const auto& selector = std::get<PoolSelector>(request.pool);
  ASSIGN_OR_RETURN(PoolStates pools, ReadyPools(selector));
  Order(pools, selector.strategy, request);
  return pools;
}

absl::StatusOr<PoolStates> PoolChooser::OpenPool(const pool::PoolName& name) {
  ASSIGN_OR_RETURN(auto pool, pools_.Find(name));
  RETURN_IF_ERROR(pools_.CheckOpen(pool->pool));
  return PoolStates{std::move(pool)};
}

std::optional<pool::PoolName> PoolChooser::PoolOfRequest(const ClaimRequest& request) {
  std::vector<Claim> claims = view_.FindByRequest(request.owner, request.request_id);
  std::erase_if(claims, [this](const Claim& claim) {
    const auto pool = pools_.Find(claim.name.pool());
    return !claim.alive() || !pool.ok() || (*pool)->pool.uid != claim.pool_uid;
  });
  const auto first = std::min_element(claims.begin(), claims.end(), Precedes);
  return first == claims.end() ? std::nullopt : std::optional(first->name.pool());
}

absl::StatusOr<PoolStates> PoolChooser::ReadyPools(const PoolSelector& selector) {
  ASSIGN_OR_RETURN(PoolStates pools, pools_.List());
  std::erase_if(pools, [&](const auto& pool) { return !Matches(selector, *pool); });
  if (pools.empty()) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_POOL_NOT_FOUND,
                 "no pool fits the selector");
  }
  PoolStates ready;
  absl::Status problem;
  for (const auto& pool : pools) {
    absl::Status status = pool->usable;
    status.Update(pools_.CheckOpen(pool->pool));
    if (status.ok()) {
      ready.push_back(pool);
    }
    problem.Update(status);
  }
  return ready.empty() ? absl::StatusOr<PoolStates>(WithCandidates(problem, pools)) : ready;
}

void PoolChooser::Order(PoolStates& pools, PoolSelector::Strategy strategy,
                        const ClaimRequest& request) {
  if (strategy == PoolSelector::Strategy::kRandom) {
    for (std::size_t left = pools.size(); left > 1; --left) {
      std::swap(pools[left - 1], pools[random_(left)]);
    }
    return;
  }
  std::map<pool::PoolName, double> free_parts;
  for (const auto& pool : pools) {
    free_parts[pool->pool.name] =
        FreePart(*pool, view_.PortsOf(pool->pool.name), ProtocolsOf(request));
  }
  // Of equals the first by name.
  std::stable_sort(pools.begin(), pools.end(), [&](const auto& left, const auto& right) {
    return free_parts.at(left->pool.name) > free_parts.at(right->pool.name);
  });
  if (strategy == PoolSelector::Strategy::kOwnersLast) {
    if (const auto last = last_pool_(request.owner); last.has_value()) {
      MoveToFront(pools, *last);
    }
  }
}

absl::Status WithCandidates(const absl::Status& status, const PoolStates& pools) {
  std::string names;
  for (const auto& pool : pools) {
    names += (names.empty() ? "" : ",") + pool->pool.name.value();
  }
  return WithMetadata(WithContext(status, fmt::format("of the pools {} none will do", names)),
                      "candidates", names);
}

}  // namespace berth::port
