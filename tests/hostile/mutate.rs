//! Bytes to try: good examples, the same with damage, pieces of several put together, and noise.

/// Marsaglia's xorshift: the same bytes in every run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(0x5eed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 11).unwrap() % limit.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[2]
    }

    /// The next thing to try.
    pub(crate) fn bytes(&mut self, good: &[Vec<u8>]) -> Vec<u8> {
        if good.is_empty() || self.below(16) == 0 {
            return (0..self.below(200)).map(|_| self.byte()).collect();
        }
        let mut bytes = good[self.below(good.len())].clone();
        if self.below(8) == 0 {
            // The head of one and the tail of another.
            let other = &good[self.below(good.len())];
            bytes.truncate(self.below(bytes.len() + 1));
            bytes.extend(&other[self.below(other.len() + 1)..]);
        }
        for _ in 0..self.below(6) {
            self.damage(&mut bytes);
        }
        // A repetition must not grow without end.
        bytes.truncate(64 << 10);
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const WORDS: [&[u8]; 24] = [
            b"null",
            b"true",
            b"{}",
            b"[]",
            b"\"\"",
            b"1e999999999",
            b"-0",
            b"18446744073709551616",
            b"0.1",
            b"\xff\xff\xff\xff",
            b"\x00",
            b"\xc0",
            b"\xdd\x7f\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff",
            b"\xd4\x00\x00",
            b"\xc7\x0c\x0c",
            b"[[[[[[[[[[[[[[[[",
            b"{\"a\":{\"a\":{\"a\":",
            b"\\ud800",
            b"..",
            b"%2f",
            b"\r\n\r\n",
            b"Content-Length: 99999999999999999999\r\n",
        ];
        let at = self.below(bytes.len() + 1);
        match self.below(9) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, self.byte()),
            2 => {
                let end = (at + self.below(64)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                for _ in 0..=self.below(40) {
                    bytes.splice(at..at, piece.iter().copied());
                }
            }
            3 => drop(bytes.splice(at..at, WORDS[self.below(WORDS.len())].iter().copied())),
            4 => {
                let end = (at + self.below(8)).min(bytes.len());
                bytes.drain(at..end);
            }
            5 | 6 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            // Where MessagePack has its markers.
            7 if at < bytes.len() => bytes[at] = 0xc0 | self.byte() & 0x3f,
            _ if at < bytes.len() => bytes[at] = self.byte(),
            _ => {}
        }
    }
}
