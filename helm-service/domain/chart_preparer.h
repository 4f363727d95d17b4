#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "common/operation/executor.h"
#include "helm-service/domain/chart.h"
#include "helm-service/domain/chart_archive.h"
#include "helm-service/domain/chart_fetcher.h"

namespace berth::helm {

/// Makes charts ready for Helm: fetched, sound, and with values as their schemas want them. What
/// has to be fetched is, on a few threads of their own. Thread safe.
class ChartPreparer {
 public:
  struct Request {
    Chart chart;
    /// The user's, for the chart's schemas; nothing to leave them to Helm.
    std::optional<nlohmann::json> values;
    std::chrono::steady_clock::time_point deadline;
  };

  /// A chart on its way. Destroying it ends the fetching. Used by one thread at a time.
  class Preparation {
   public:
    ~Preparation();
    Preparation(const Preparation&) = delete;
    Preparation& operator=(const Preparation&) = delete;

    /// The packaged chart, or why there is none; nothing before it has come, and after it was
    /// taken.
    std::optional<absl::StatusOr<ChartArchive>> Take();

   private:
    friend class ChartPreparer;
    struct State;
    explicit Preparation(std::shared_ptr<State> state) : state_(std::move(state)) {}

    const std::shared_ptr<State> state_;
  };

  /// Both outlive the preparer, and the executor's tasks the preparer does not.
  ChartPreparer(ChartFetcher& fetcher, operation::Executor& executor, ArchiveLimits limits = {})
      : fetcher_(fetcher), executor_(executor), limits_(limits) {}

  /// Begins. A chart that came as bytes is there at once, else `wake` is called, from any thread,
  /// when it is.
  std::unique_ptr<Preparation> Start(Request request, std::function<void()> wake) const;

  /// The same on the caller's thread. Errors: those of ChartFetcher::Fetch; FAILED_PRECONDITION
  /// (CHART_INVALID); INVALID_ARGUMENT (INVALID_FIELD), values that are against a schema.
  absl::StatusOr<ChartArchive> Prepare(Request request, std::stop_token stop) const;

 private:
  ChartFetcher& fetcher_;
  operation::Executor& executor_;
  const ArchiveLimits limits_;
};

}  // namespace berth::helm
