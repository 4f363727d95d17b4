#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "helm-service/domain/release_summary.h"

namespace berth::helm {

inline ReleaseKey MakeKey(const std::string& ns, const std::string& name) {
  return {*NamespaceName::Parse(ns), *ReleaseName::Parse(name)};
}

/// Facts of a chart, deployed so many seconds after 1970.
inline std::shared_ptr<const RevisionFacts> MakeFacts(const std::string& chart, int deployed = 1) {
  return std::make_shared<const RevisionFacts>(
      RevisionFacts{.chart = std::make_shared<const ChartIdentity>(
                        ChartIdentity{.name = chart, .version = "1.0.0", .app_version = ""}),
                    .first_deployed = std::nullopt,
                    .last_deployed = RevisionFacts::Time(std::chrono::seconds(deployed)),
                    .description = ""});
}

/// Revision 1, deployed, of a chart "chart".
inline ReleaseSummary MakeSummary(const std::string& ns, const std::string& name) {
  return {.key = MakeKey(ns, name),
          .info = {.revision = 1, .status = ReleaseStatus::kDeployed},
          .version = 1,
          .labels = {},
          .facts = MakeFacts("chart")};
}

inline Summary Share(ReleaseSummary summary) {
  return std::make_shared<const ReleaseSummary>(std::move(summary));
}

}  // namespace berth::helm
