#include "port-service/domain/names.h"

#include <gtest/gtest.h>

#include <string>

namespace berth::port {
namespace {

TEST(NamesTest, AnOwnerIsAnyPrintableWordOfBoundedLength) {
  EXPECT_TRUE(Owner::Parse("team-a/web").ok());
  EXPECT_TRUE(Owner::Parse("system:serviceaccount:shop:web").ok());
  EXPECT_TRUE(Owner::Parse(std::string(253, 'x')).ok());
  for (const std::string& text :
       {std::string(), std::string(254, 'x'), std::string("a b"), std::string("a\n"),
        std::string("\xc3\xa4"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(Owner::Parse(text).ok()) << text;
  }
}

TEST(NamesTest, ARequestIdIsShorter) {
  EXPECT_TRUE(RequestId::Parse(std::string(128, 'x')).ok());
  EXPECT_FALSE(RequestId::Parse(std::string(129, 'x')).ok());
  EXPECT_FALSE(RequestId::Parse("").ok());
}

TEST(NamesTest, AnEntryNameIsLikeAPortNameAndMayBeEmpty) {
  EXPECT_TRUE(EntryName::Parse("").ok());
  EXPECT_TRUE(EntryName::Parse("web-1").ok());
  EXPECT_FALSE(EntryName::Parse("Web").ok());
  EXPECT_FALSE(EntryName::Parse("a.b").ok());
  EXPECT_FALSE(EntryName::Parse(std::string(16, 'x')).ok());
}

}  // namespace
}  // namespace berth::port
