#include "ingress-service/domain/shared_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

// Each conflict means that somebody else's write went through, so among Berth's replicas a few
// tries do; the caller's queue comes back later for the rest.
constexpr int kMaxTries = 16;

}  // namespace

absl::StatusOr<RuleSnapshot> SharedWriter::RulesFor(const kube::Json* object, std::uint64_t seen) {
  const std::optional<std::uint64_t> fence = object == nullptr ? std::nullopt : FenceOf(*object);
  if (fence) {
    RuleSnapshot cached = rules_.Cached();
    if (cached.revision > 0 && cached.revision >= std::max(*fence, seen)) {
      return cached;
    }
  }
  return rules_.Consistent();
}

absl::StatusOr<SharedWriter::Computed> SharedWriter::Compute(const SharedWrite& write) {
  ASSIGN_OR_RETURN(std::optional<kube::Json> found, objects_.Get(write.ref));
  if (!found && !write.if_missing) {
    return Computed{};
  }
  ASSIGN_OR_RETURN(RuleSnapshot rules,
                   RulesFor(found ? &*found : nullptr, std::max(write.seen, write.removals)));
  Merged merged = write.merge(found ? *found : *write.if_missing, rules);
  return Computed{
      .found = std::move(found),
      .written = {.exists = true, .merged = std::move(merged), .rules = std::move(rules)}};
}

absl::StatusOr<SharedWritten> SharedWriter::Preview(const SharedWrite& write) {
  ASSIGN_OR_RETURN(Computed computed, Compute(write));
  return std::move(computed.written);
}

absl::StatusOr<std::optional<SharedWritten>> SharedWriter::TryOnce(const SharedWrite& write) {
  ASSIGN_OR_RETURN(Computed computed, Compute(write));
  const std::optional<kube::Json>& found = computed.found;
  SharedWritten& written = computed.written;
  if (!written.exists) {
    return std::move(written);
  }
  const bool fence_too_low =
      write.removals > 0 && (!found || FenceOf(*found).value_or(0) < write.removals);
  if (!written.merged.changed && !fence_too_low) {
    written.exists = found.has_value();
    return std::move(written);
  }
  RaiseFence(written.merged.object, written.rules.revision);
  ASSIGN_OR_RETURN(const PutOutcome outcome,
                   found ? objects_.Replace(write.ref, written.merged.object)
                         : objects_.Create(write.ref, written.merged.object));
  if (outcome == PutOutcome::kConflict) {
    return std::nullopt;
  }
  return std::move(written);
}

absl::StatusOr<SharedWritten> SharedWriter::Write(const SharedWrite& write) {
  for (int i = 0; i < kMaxTries; ++i) {
    ASSIGN_OR_RETURN(std::optional<SharedWritten> written, TryOnce(write));
    if (written) {
      return *std::move(written);
    }
  }
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_KUBERNETES_CONFLICT,
               fmt::format("{} was changed by others {} times in a row while it was being written",
                           write.ref.ToString(), kMaxTries));
}

}  // namespace berth::ingress
