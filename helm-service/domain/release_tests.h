#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "helm-service/domain/action.h"
#include "helm-service/domain/release_content.h"

namespace berth::helm {

/// How one test of a release went.
struct TestOutcome {
  std::string name;
  std::string kind;
  /// In Helm's words: "Succeeded", "Failed", "Running", "Unknown"; empty if it did not run.
  std::string phase;
  /// RFC 3339; empty if it did not run.
  std::string started_at;
};

/// When each test of a release was started last, by name.
using TestStarts = std::map<std::string, std::string>;

TestStarts StartsOf(const ReleaseContent& content);

/// Whether the release has the tests that are asked for. Errors: INVALID_ARGUMENT (INVALID_FIELD),
/// listing those it has.
absl::Status CheckTests(const Test& test, const ReleaseContent& content);

/// How the tests that were asked for went, by what is stored after them and when they had been
/// started before.
std::vector<TestOutcome> OutcomesOf(const Test& test, const ReleaseContent& content,
                                    const TestStarts& before);

/// FAILED_PRECONDITION (HELM_FAILED) with Helm's text, the names of the tests that failed and that
/// succeeded also in metadata `failed` and `succeeded`.
absl::Status TestsFailed(std::string_view text, const std::vector<TestOutcome>& outcomes);

}  // namespace berth::helm
