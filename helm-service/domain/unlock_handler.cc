#include "helm-service/domain/unlock_handler.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/retry.h"

namespace berth::helm {
namespace {

using operation::Done;
using operation::Failed;
using operation::Progress;
using operation::Wait;

// Why the release is not the one that the caller saw; OK if it is.
absl::Status CheckExpected(const Unlock& unlock, const std::optional<RevisionInfo>& newest) {
  const std::string name =
      fmt::format("release {}/{}", unlock.release.ns.value(), unlock.release.name.value());
  if (!newest.has_value()) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND,
                 name + " does not exist");
  }
  if (newest->revision == unlock.expected_revision) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_REVISION_MISMATCH,
               fmt::format("{} is at revision {}, not at the expected {}", name, newest->revision,
                           unlock.expected_revision))
      .WithMetadata("revision", std::to_string(newest->revision));
}

}  // namespace

UnlockHandler::UnlockHandler(UnlockCodec codec, ReleaseStore& releases)
    : codec_(std::move(codec)), releases_(releases) {}

Progress UnlockHandler::Advance(operation::Run& run) {
  const absl::StatusOr<Unlock> unlock = Read(run);
  if (!unlock.ok()) return Failed{unlock.status()};
  const absl::StatusOr<std::optional<RevisionInfo>> newest = releases_.Newest(unlock->release);
  if (!newest.ok()) return WaitOrFail(newest.status());
  if (absl::Status status = CheckExpected(*unlock, *newest); !status.ok()) return Failed{status};
  if (!IsLocked((*newest)->status)) return Finish(*unlock, run.effects_begun());
  run.Phase("UNLOCKING", fmt::format("Revision {}, left {}, is marked as failed",
                                     unlock->expected_revision, ToString((*newest)->status)));
  const absl::Status begun = run.BeginEffects({{"revision", unlock->expected_revision}});
  if (!begun.ok()) return Wait{kRetry};
  const absl::Status marked = releases_.MarkFailed(unlock->release, unlock->expected_revision,
                                                   "Unlocked on request (marked by Berth)");
  if (!marked.ok()) return WaitOrFail(marked);
  return Finish(*unlock, true);
}

absl::StatusOr<Unlock> UnlockHandler::Read(operation::Run& run) const {
  if (const auto input = run.input()) return codec_.parse(*input);
  ASSIGN_OR_RETURN(NamespaceName ns, NamespaceName::Parse(run.spec().target_namespace));
  ASSIGN_OR_RETURN(ReleaseName name, ReleaseName::Parse(run.spec().target_name));
  return Unlock{.release = {std::move(ns), std::move(name)},
                .expected_revision = run.plan().value("revision", 0)};
}

Progress UnlockHandler::Finish(const Unlock& unlock, bool unlocked) const {
  const absl::StatusOr<Release> release = releases_.Read(unlock.release, unlock.expected_revision);
  if (!release.ok()) return WaitOrFail(release.status());
  return Done{codec_.result(*release, unlocked)};
}

}  // namespace berth::helm
