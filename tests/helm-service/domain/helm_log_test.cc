#include "helm-service/domain/helm_log.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using Kind = HelmLog::Kind;

struct Case {
  std::string line;
  Kind kind;
  std::string text;
};

TEST(HelmLogTest, TakesTheDecorationOff) {
  const std::vector<Case> table = {
      {"client.go:142: 2026-11-23 16:02:25.011466945 +0000 UTC m=+0.29 [debug] creating 3 "
       "resource(s)",
       Kind::kStep, "creating 3 resource(s)"},
      {"wait.go:50: 2026-11-23 16:02:25.0 +0000 UTC m=+0.3 [debug] beginning wait for 3 resources "
       "with timeout of 5s",
       Kind::kWaiting, "beginning wait for 3 resources with timeout of 5s"},
      {R"x(level=DEBUG msg="creating resource(s)" resources=3)x", Kind::kStep,
       "creating resource(s) resources=3"},
      {R"(level=DEBUG msg="waiting for resources" count=3 timeout=5s)", Kind::kWaiting,
       "waiting for resources count=3 timeout=5s"},
      {R"(level=DEBUG msg="waiting for resource" kind=Deployment)", Kind::kStep,
       "waiting for resource kind=Deployment"},
      {"level=INFO msg=done", Kind::kStep, "done"},
      {R"(level=WARN msg="a \"quoted\" word" x=1)", Kind::kMessage,
       "warning: a \"quoted\" word x=1"},
      {"level=ERROR msg=bad", Kind::kMessage, "error: bad"},
      {"Error: INSTALLATION FAILED: x", Kind::kMessage, "Error: INSTALLATION FAILED: x"},
      {"level=DEBUG msg=\"no end", Kind::kStep, "no end"},
      {"level=", Kind::kMessage, "level="},
  };
  HelmLog log(/*shows_values=*/true);
  for (const Case& row : table) {
    const auto entry = log.Read(HelmStream::kStderr, row.line);
    ASSERT_TRUE(entry.has_value()) << row.line;
    EXPECT_EQ(entry->kind, row.kind) << row.line;
    EXPECT_EQ(entry->text, row.text) << row.line;
  }
}

TEST(HelmLogTest, DropsOutputThatShowsValues) {
  EXPECT_FALSE(HelmLog(/*shows_values=*/true).Read(HelmStream::kStdout, "password: x").has_value());
  EXPECT_TRUE(HelmLog(/*shows_values=*/false).Read(HelmStream::kStdout, "released").has_value());
}

TEST(HelmLogTest, DropsStackTracesAndEmptyLines) {
  HelmLog log(/*shows_values=*/true);
  EXPECT_FALSE(log.Read(HelmStream::kStderr, "").has_value());
  EXPECT_TRUE(log.Read(HelmStream::kStderr, "Error: x").has_value());
  EXPECT_FALSE(log.Read(HelmStream::kStderr, "helm.go:86: 2026-11-23 [debug] release: not found")
                   .has_value());
  EXPECT_FALSE(log.Read(HelmStream::kStderr, "runtime.main").has_value());
}

}  // namespace
}  // namespace berth::helm
