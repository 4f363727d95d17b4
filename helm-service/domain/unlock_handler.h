#pragma once

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>

#include <functional>

#include "absl/status/statusor.h"
#include "common/operation/handler.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/release.h"
#include "helm-service/domain/release_store.h"

namespace berth::helm {

/// What an UnlockRelease asks for.
struct Unlock {
  ReleaseKey release;
  /// The newest revision, as the caller knows it.
  int expected_revision = 0;
};

/// How the RPC's request is read, and its result written.
struct UnlockCodec {
  std::function<absl::StatusOr<Unlock>(const google::protobuf::Message& request)> parse;
  /// Given the release as it is now, and whether it was locked before.
  std::function<google::protobuf::Any(const Release& release, bool unlocked)> result;
};

/// Runs the operations of UnlockRelease: in the release's turn, so that nothing of Berth's works on
/// it, marks a revision that somebody else left locked as failed. Any thread; the store outlives
/// it.
class UnlockHandler final : public operation::Handler {
 public:
  UnlockHandler(UnlockCodec codec, ReleaseStore& releases);

  operation::Progress Advance(operation::Run& run) override;

 private:
  /// The request, or after a takeover what is recorded of it.
  absl::StatusOr<Unlock> Read(operation::Run& run) const;
  operation::Progress Finish(const Unlock& unlock, bool unlocked) const;

  const UnlockCodec codec_;
  ReleaseStore& releases_;
};

}  // namespace berth::helm
