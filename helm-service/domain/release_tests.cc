#include "helm-service/domain/release_tests.h"

#include <algorithm>

#include "common/status/status.h"
#include "helm-service/domain/release_content.h"

namespace berth::helm {
namespace {

bool IsTest(const ReleaseHook& hook) {
  // Helm 2's word for it is still read.
  return std::any_of(hook.events.begin(), hook.events.end(), [](const std::string& event) {
    return event == "test" || event == "test-success";
  });
}

bool IsWanted(const Test& test, const std::string& name) {
  return test.names.empty() ||
         std::any_of(test.names.begin(), test.names.end(),
                     [&](const ObjectName& wanted) { return wanted.value() == name; });
}

void Append(std::string& list, const std::string& name) {
  if (!list.empty()) list += ", ";
  list += name;
}

std::string NamesIn(const std::vector<TestOutcome>& outcomes, std::string_view phase) {
  std::string list;
  for (const TestOutcome& outcome : outcomes) {
    if (outcome.phase == phase) Append(list, outcome.name);
  }
  return list;
}

}  // namespace

TestStarts StartsOf(const ReleaseContent& content) {
  TestStarts starts;
  for (const ReleaseHook& hook : content.hooks) {
    if (IsTest(hook)) starts[hook.name] = hook.started_at;
  }
  return starts;
}

absl::Status CheckTests(const Test& test, const ReleaseContent& content) {
  const TestStarts tests = StartsOf(content);
  std::string known;
  for (const auto& [name, started] : tests) Append(known, name);
  FieldViolations violations;
  for (const ObjectName& name : test.names) {
    if (tests.contains(name.value())) continue;
    violations.Add("tests", "the release has no test '" + name.value() + "'; it has " +
                                (known.empty() ? "none" : known));
  }
  return violations.ToStatus();
}

std::vector<TestOutcome> OutcomesOf(const Test& test, const ReleaseContent& content,
                                    const TestStarts& before) {
  std::vector<TestOutcome> outcomes;
  for (const ReleaseHook& hook : content.hooks) {
    if (!IsTest(hook) || !IsWanted(test, hook.name)) continue;
    TestOutcome outcome{.name = hook.name, .kind = hook.kind};
    const auto last = before.find(hook.name);
    if (last == before.end() || last->second != hook.started_at) {
      outcome.phase = hook.phase;
      outcome.started_at = hook.started_at;
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

absl::Status TestsFailed(std::string_view text, const std::vector<TestOutcome>& outcomes) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_HELM_FAILED, text)
      .WithMetadata("failed", NamesIn(outcomes, "Failed"))
      .WithMetadata("succeeded", NamesIn(outcomes, "Succeeded"));
}

}  // namespace berth::helm
