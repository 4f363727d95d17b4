#include "helm-service/domain/sha256.h"

#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

constexpr char kOfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256Test, DigestsAsTheStandardSays) { EXPECT_EQ(Sha256::Of("abc").hex(), kOfAbc); }

TEST(Sha256Test, ReadsBothFormsAndNothingElse) {
  EXPECT_EQ(*Sha256::Parse(kOfAbc), Sha256::Of("abc"));
  EXPECT_EQ(*Sha256::Parse(Sha256::Of("abc").ToString()), Sha256::Of("abc"));
  EXPECT_EQ(*Sha256::Parse(std::string(64, 'A')), *Sha256::Parse(std::string(64, 'a')));
  for (const std::string text : {"", "sha256:", "ab", "sha512:ab"}) {
    EXPECT_FALSE(Sha256::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(Sha256::Parse(std::string(64, 'g')).ok());
  EXPECT_FALSE(Sha256::Parse(std::string(65, 'a')).ok());
}

}  // namespace
}  // namespace berth::helm
