#include "helm-service/domain/description.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

TEST(DescriptionTest, IsOneLineOfAtMost512Bytes) {
  EXPECT_EQ(Description::Parse("für den Kunden, --dry-run")->value(), "für den Kunden, --dry-run");
  EXPECT_EQ(Description::Parse("")->value(), "");
  EXPECT_TRUE(Description::Parse(std::string(512, 'x')).ok());
  EXPECT_FALSE(Description::Parse(std::string(513, 'x')).ok());
  EXPECT_FALSE(Description::Parse("a\nb").ok());
  EXPECT_FALSE(Description::Parse(std::string("a\0b", 3)).ok());
}

}  // namespace
}  // namespace berth::helm
