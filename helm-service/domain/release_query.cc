#include "helm-service/domain/release_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

namespace berth::helm {
namespace {

bool MatchesLabels(const kube::LabelSelector& selector, const ReleaseSummary& release) {
  const std::string revision = std::to_string(release.info.revision);
  return selector.Matches([&](std::string_view key) -> std::optional<std::string_view> {
    if (key == "owner") return "helm";
    if (key == "name") return release.key.name.value();
    if (key == "status") return ToString(release.info.status);
    if (key == "version") return revision;
    for (const auto& [label, value] : release.labels) {
      if (label == key) return value;
    }
    return std::nullopt;
  });
}

// Digits that sort as the time does. Releases that were never deployed come first.
std::string TimeKey(const ReleaseSummary& release) {
  constexpr std::uint64_t kEpoch = std::uint64_t{1} << 63;  // times before 1970 are negative
  const bool known = release.facts != nullptr && release.facts->last_deployed.has_value();
  const std::int64_t time = known ? release.facts->last_deployed->time_since_epoch().count() : 0;
  return fmt::format("{:020}", known ? kEpoch + static_cast<std::uint64_t>(time) : 0);
}

}  // namespace

bool NeedsFacts(const ReleaseFilter& filter) { return !filter.chart_name.empty(); }

bool Matches(const ReleaseFilter& filter, const ReleaseSummary& release) {
  if (!filter.namespaces.empty() && !filter.namespaces.contains(release.key.ns)) return false;
  if (!filter.statuses.empty() && !filter.statuses.contains(release.info.status)) return false;
  if (filter.name.has_value() && !filter.name->Matches(release.key.name.value())) return false;
  if (!filter.chart_name.empty() &&
      (release.facts == nullptr || release.facts->chart->name != filter.chart_name)) {
    return false;
  }
  return !filter.labels.has_value() || MatchesLabels(*filter.labels, release);
}

std::string OrderKey(const ReleaseOrder& order, const ReleaseSummary& release) {
  // The blank sorts before every character of a name, so that "shop" comes before "shop-2".
  const std::string& ns = release.key.ns.value();
  const std::string& name = release.key.name.value();
  switch (order.field) {
    case ReleaseOrder::Field::kNamespace:
      return ns + " " + name;
    case ReleaseOrder::Field::kName:
      return name + " " + ns;
    case ReleaseOrder::Field::kDeployTime:
      return TimeKey(release) + " " + ns + " " + name;
  }
  return ns + " " + name;
}

ReleasePage SelectPage(std::vector<Summary> releases, const ReleaseOrder& order,
                       const std::string& after, std::size_t limit) {
  using Placed = std::pair<std::string, Summary>;
  const auto comes_before = [&](const std::string& a, const std::string& b) {
    return order.descending ? b < a : a < b;
  };
  std::vector<Placed> rest;
  rest.reserve(releases.size());
  for (Summary& release : releases) {
    std::string key = OrderKey(order, *release);
    if (after.empty() || comes_before(after, key)) {
      rest.emplace_back(std::move(key), std::move(release));
    }
  }
  const std::size_t size = std::min(limit, rest.size());
  std::partial_sort(
      rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size), rest.end(),
      [&](const Placed& a, const Placed& b) { return comes_before(a.first, b.first); });
  ReleasePage page;
  if (size > 0 && size < rest.size()) page.more_after = rest[size - 1].first;
  for (std::size_t i = 0; i < size; ++i) page.releases.push_back(std::move(rest[i].second));
  return page;
}

}  // namespace berth::helm
