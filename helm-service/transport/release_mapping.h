#pragma once

#include <string>

#include "helm-service/domain/release.h"
#include "helm-service/domain/release_content.h"
#include "helm-service/domain/release_summary.h"
#include "helm-service/domain/release_tests.h"

#include "berth/helm/v1/release.pb.h"
#include "berth/helm/v1/release_hook.pb.h"
#include "berth/helm/v1/release_test.pb.h"

namespace berth::helm {

/// A release as the contract has it, with notes.
v1::Release ToProto(const Release& release);

/// A release in a list.
v1::Release ToProto(const ReleaseSummary& release);

/// A state of Helm's in our words; kUnknown for UNSPECIFIED and states that are newer than this.
ReleaseStatus ToReleaseStatus(v1::Release::Status status);

/// A hook as the contract has it, with `manifest` in place of its own.
v1::ReleaseHook ToProto(const ReleaseHook& hook, std::string manifest);

/// A release as the result of an operation, which is stored: without notes, which may show what a
/// chart made up, and with every text cut to 256 bytes.
v1::Release ToStoredProto(const Release& release);

v1::TestOutcome ToProto(const TestOutcome& outcome);

}  // namespace berth::helm
