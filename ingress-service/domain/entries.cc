#include "ingress-service/domain/entries.h"

#include <algorithm>

#include "common/kube/object.h"
#include "common/pool/owned_ports.h"

namespace berth::ingress {

std::optional<std::uint64_t> FenceOf(const kube::Json& object) {
  const std::optional<std::string> text = kube::Annotation(object, kFenceAnnotation);
  return text ? kube::ParseResourceVersion(*text) : std::nullopt;
}

void RaiseFence(kube::Json& object, std::uint64_t revision) {
  const std::uint64_t fence = std::max(FenceOf(object).value_or(0), revision);
  kube::SetAnnotation(object, kFenceAnnotation, std::to_string(fence));
}

std::map<PortKey, const Wish*> GrantWishes(const EntryWishes& wishes,
                                           std::span<const pool::Protocol> protocols,
                                           const std::map<PortKey, std::string>& foreign,
                                           std::map<std::string, std::string>& taken) {
  std::map<PortKey, const Wish*> granted;
  for (const Wish& wish : wishes.wishes) {
    if (std::find(protocols.begin(), protocols.end(), wish.key.protocol) == protocols.end()) {
      continue;
    }
    if (const auto found = foreign.find(wish.key); found != foreign.end()) {
      taken.emplace(wish.rule, found->second);
    } else if (!granted.emplace(wish.key, &wish).second) {
      taken.emplace(wish.rule, "an older rule of another pool");
    }
  }
  return granted;
}

bool NoteDrift(const Wish& wish, const std::string& wanted, const std::optional<std::string>& found,
               const EntryWishes& wishes, Merged& merged) {
  // What was never written like this is a change of the rule, not of the object.
  const bool drifted = found != wanted && wishes.written.contains({wish.key, wanted});
  if (drifted) {
    merged.drift.push_back({.key = wish.key, .rule = wish.rule, .wanted = wanted, .found = found});
  }
  return !drifted || wish.repair;
}

void RecordOwned(Merged& merged, pool::PortsByProtocol owned,
                 std::span<const pool::Protocol> protocols) {
  for (const pool::Protocol protocol : protocols) {
    owned.Of(protocol) = {};
  }
  for (const auto& [key, value] : merged.entries) {
    owned.Of(key.protocol).Insert(key.port);
  }
  if (owned.empty()) {
    kube::RemoveAnnotation(merged.object, pool::kOwnedAnnotation);
  } else {
    kube::SetAnnotation(merged.object, pool::kOwnedAnnotation, pool::FormatOwnedPorts(owned));
  }
}

}  // namespace berth::ingress
