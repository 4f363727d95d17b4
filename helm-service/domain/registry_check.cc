#include "helm-service/domain/registry_check.h"

#include <string>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::helm {

absl::Status CheckRegistry(ChartRepositoryStore& store, const SourcePolicy& policy,
                           const ChartRepository& repository) {
  absl::Status status = policy.CheckUrl(repository.url.ToString());
  if (status.ok()) status = store.ReadCredentials(repository).status();
  RefreshState state;
  state.ready = status.ok();
  state.reason = status.ok() ? "NoIndex" : ConditionReason(ReasonOf(status));
  state.message = status.ok() ? "a registry has no index: its charts are found by their names"
                              : std::string(status.message());
  const bool known = state.ready == repository.state.ready &&
                     state.reason == repository.state.reason &&
                     state.message == repository.state.message;
  if (!known) RETURN_IF_ERROR(store.WriteState(repository, state));
  return status;
}

}  // namespace berth::helm
