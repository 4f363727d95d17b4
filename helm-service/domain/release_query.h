#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/kube/label_selector.h"
#include "helm-service/domain/name_pattern.h"
#include "helm-service/domain/release_summary.h"

namespace berth::helm {

/// Which releases are meant: those that fit all that is set.
struct ReleaseFilter {
  /// Empty: all.
  std::set<NamespaceName> namespaces;
  /// Empty: any.
  std::set<ReleaseStatus> statuses;
  /// Empty: any.
  std::string chart_name;
  std::optional<kube::LabelSelector> labels;
  std::optional<NamePattern> name;
};

/// Whether the filter says something that only bodies can answer.
bool NeedsFacts(const ReleaseFilter& filter);

/// A release without facts has no chart.
bool Matches(const ReleaseFilter& filter, const ReleaseSummary& release);

/// In which order releases are listed; ties are broken by namespace and name.
struct ReleaseOrder {
  enum class Field { kNamespace, kName, kDeployTime };
  Field field = Field::kNamespace;
  bool descending = false;
};

/// A release's place in an order, by comparing texts. It differs for each release, so that a page
/// can begin right behind it.
std::string OrderKey(const ReleaseOrder& order, const ReleaseSummary& release);

struct ReleasePage {
  std::vector<Summary> releases;
  /// OrderKey of the last one if there are more behind it.
  std::optional<std::string> more_after;
};

/// The first `limit` of `releases` in an order, behind the one whose OrderKey is `after` (empty:
/// from the beginning).
ReleasePage SelectPage(std::vector<Summary> releases, const ReleaseOrder& order,
                       const std::string& after, std::size_t limit);

}  // namespace berth::helm
