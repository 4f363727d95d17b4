#include "helm-service/domain/chart_preparer.h"

#include <string>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "common/sync/mutex.h"
#include "helm-service/domain/chart_contents.h"
#include "helm-service/domain/chart_values.h"

namespace berth::helm {

struct ChartPreparer::Preparation::State {
  std::stop_source stop;
  Mutex mutex;
  std::optional<absl::StatusOr<ChartArchive>> result ABSL_GUARDED_BY(mutex);
};

ChartPreparer::Preparation::~Preparation() { state_->stop.request_stop(); }

std::optional<absl::StatusOr<ChartArchive>> ChartPreparer::Preparation::Take() {
  MutexLock lock(state_->mutex);
  return std::exchange(state_->result, std::nullopt);
}

std::unique_ptr<ChartPreparer::Preparation> ChartPreparer::Start(Request request,
                                                                 std::function<void()> wake) const {
  auto state = std::make_shared<Preparation::State>();
  std::unique_ptr<Preparation> preparation(new Preparation(state));
  if (std::holds_alternative<ChartArchive>(request.chart)) {
    absl::StatusOr<ChartArchive> ready = Prepare(std::move(request), state->stop.get_token());
    MutexLock lock(state->mutex);
    state->result = std::move(ready);
    return preparation;
  }
  executor_.Post([this, state, wake = std::move(wake), request = std::move(request)]() mutable {
    if (state->stop.stop_requested()) return;
    absl::StatusOr<ChartArchive> ready = Prepare(std::move(request), state->stop.get_token());
    {
      MutexLock lock(state->mutex);
      state->result = std::move(ready);
    }
    wake();
  });
  return preparation;
}

absl::StatusOr<ChartArchive> ChartPreparer::Prepare(Request request, std::stop_token stop) const {
  ASSIGN_OR_RETURN(ChartArchive archive,
                   fetcher_.Fetch(std::move(request.chart),
                                  {.deadline = request.deadline, .stop = std::move(stop)}));
  absl::StatusOr<ChartContents> contents =
      ReadChart(archive.bytes, ChartParts::kValuesAndSchemas, limits_);
  if (!contents.ok()) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_INVALID,
                 std::string(contents.status().message()));
  }
  if (request.values.has_value()) {
    RETURN_IF_ERROR(CheckAgainstSchemas(*std::move(contents), *std::move(request.values)));
  }
  return archive;
}

}  // namespace berth::helm
