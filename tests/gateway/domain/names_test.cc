#include "gateway/domain/names.h"

#include <gtest/gtest.h>

#include <string>

#include "common/status/status.h"

namespace berth::gateway {
namespace {

TEST(NamesTest, TakesWhatKubernetesTakes) {
  EXPECT_TRUE(Namespace::Parse("team-a").ok());
  EXPECT_TRUE(ReleaseName::Parse("9lives").ok());
  EXPECT_TRUE(ExposureName::Parse("web.v2").ok());
  EXPECT_TRUE(ServiceName::Parse(std::string(63, 'a')).ok());
}

TEST(NamesTest, RefusesWhatCouldBeReadAsSomethingElse) {
  for (const char* text : {"", "--post-renderer=x", "../../etc", "Web", "a_b", "-a", "a-", "a/b",
                           "a b", "a\nb", "ä"}) {
    EXPECT_EQ(ReasonOf(ReleaseName::Parse(text).status()), Reason::ERROR_REASON_INVALID_FIELD)
        << text;
    EXPECT_FALSE(ExposureName::Parse(text).ok()) << text;
  }
}

TEST(NamesTest, KeepsTheLimitOfEachKind) {
  EXPECT_TRUE(ReleaseName::Parse(std::string(53, 'a')).ok());
  EXPECT_FALSE(ReleaseName::Parse(std::string(54, 'a')).ok());
  EXPECT_FALSE(EntryName::Parse(std::string(16, 'a')).ok());
  EXPECT_FALSE(ServiceName::Parse("9lives").ok());
  EXPECT_FALSE(Namespace::Parse("a.b").ok());
  EXPECT_FALSE(ExposureName::Parse("a..b").ok());
  EXPECT_FALSE(ExposureName::Parse("a.-b").ok());
}

}  // namespace
}  // namespace berth::gateway
