#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "helm-service/domain/chart_index.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/version_constraint.h"

namespace berth::helm {

/// What is searched for.
struct ChartQuery {
  /// Each must be in the name, the description or a keyword. Lower case.
  std::vector<std::string> words;
  VersionConstraint versions = VersionConstraint::Any();

  /// Takes words between blanks, whatever their case.
  static std::vector<std::string> Words(std::string_view text);
};

/// A chart that was found, at its newest version within the query's constraint. The texts live as
/// long as the index.
struct ChartHit {
  /// Hits are ordered by it, and it is each one's own: those with a word in their name first, then
  /// by chart and repository.
  std::string order;
  std::string repository;
  std::string_view chart;
  IndexedVersion version;
};

/// What of an index fits, in no order.
std::vector<ChartHit> Search(const ChartIndex& index, const RepositoryName& repository,
                             const ChartQuery& query);

}  // namespace berth::helm
