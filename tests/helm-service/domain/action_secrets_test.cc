#include "helm-service/domain/action_secrets.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/helm-service/domain/fake_reader.h"

namespace berth::helm {
namespace {

constexpr char kText[] = "sent-one deployed newest-one";

class ActionSecretsTest : public ::testing::Test {
 protected:
  ActionSecretsTest() {
    reader_.revisions = {{.key = Key(), .info = {3, ReleaseStatus::kFailed}},
                         {.key = Key(), .info = {2, ReleaseStatus::kDeployed}},
                         {.key = Key(), .info = {1, ReleaseStatus::kSuperseded}}};
    reader_.values = {{2, {{"password", "deployed"}}}, {3, {{"password", "newest-one"}}}};
  }

  static ReleaseKey Key() { return {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")}; }

  static Action Make(decltype(Action::what) what) {
    return {.release = Key(), .what = std::move(what)};
  }

  static Action MakeUpgrade(ValuesPolicy policy) {
    return Make(Upgrade{.values = {{"password", "sent-one"}}, .values_policy = policy});
  }

  std::string Redacted(const Action& action) {
    const auto redactor = MakeRedactor(action, reader_);
    return redactor.ok() ? (*redactor)->Redact(kText) : redactor.status().ToString();
  }

  FakeReader reader_;
};

TEST_F(ActionSecretsTest, KnowsOnlyWhatWasSentIfNothingIsReused) {
  EXPECT_EQ(Redacted(MakeUpgrade(ValuesPolicy::kReset)), "[redacted] deployed newest-one");
  EXPECT_EQ(Redacted(Make(Install{.values = {{"password", "sent-one"}}})),
            "[redacted] deployed newest-one");
}

TEST_F(ActionSecretsTest, KnowsTheValuesThatAnUpgradeReuses) {
  for (const ValuesPolicy policy : {ValuesPolicy::kReuse, ValuesPolicy::kResetThenReuse}) {
    EXPECT_EQ(Redacted(MakeUpgrade(policy)), "[redacted] [redacted] [redacted]");
  }
}

TEST_F(ActionSecretsTest, KnowsTheValuesThatARollbackReturnsTo) {
  EXPECT_EQ(Redacted(Make(Rollback{.revision = 2})), "sent-one [redacted] newest-one");
}

TEST_F(ActionSecretsTest, NeedsNoEarlierRevision) {
  reader_.values.clear();
  EXPECT_EQ(Redacted(Make(Rollback{.revision = 2})), kText);
  reader_.revisions.clear();
  EXPECT_EQ(Redacted(MakeUpgrade(ValuesPolicy::kReuse)), "[redacted] deployed newest-one");
  reader_.error = absl::DataLossError("not a release");
  EXPECT_EQ(Redacted(Make(Rollback{.revision = 2})), kText);
}

TEST_F(ActionSecretsTest, FailsRatherThanToShowWhatItCannotKnow) {
  reader_.error = absl::UnavailableError("no answer");
  EXPECT_TRUE(absl::IsUnavailable(MakeRedactor(Make(Rollback{.revision = 2}), reader_).status()));
  EXPECT_TRUE(
      absl::IsUnavailable(MakeRedactor(MakeUpgrade(ValuesPolicy::kReuse), reader_).status()));
}

}  // namespace
}  // namespace berth::helm
