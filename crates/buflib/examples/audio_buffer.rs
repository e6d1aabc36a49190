//! A player that streams a track through all memory that nobody else needs.
//!
//! The buffer takes the whole rest of the heap. When another part of the program allocates, the
//! player gives back what it has played, and if that is not enough, the end of what it has loaded:
//! that it can load again. Playback goes on to the byte.

use buflib::{Answer, Error, Handle, Heap, Move, Owner, Request, Wish};

/// Bytes of the track.
const TRACK: usize = 300_000;
/// Bytes played at a time.
const CHUNK: usize = 441;
/// What must stay loaded, so that there is time to load more.
const RESERVE: usize = 4 * CHUNK;

/// The track, as it would come from a disk.
fn track(at: usize) -> u8 {
    (at.wrapping_mul(2_654_435_761) >> 13) as u8
}

struct Player {
    buffer: Handle,
    /// The part of the track that is loaded, and how far it is played.
    start: usize,
    played: usize,
    end: usize,
    loads: usize,
    moves: usize,
    given_front: usize,
    given_back: usize,
}

impl Player {
    fn start(heap: &mut Heap) -> Result<Self, Error> {
        let buffer = heap.alloc(0)?;
        let mut player = Self {
            buffer,
            start: 0,
            played: 0,
            end: 0,
            loads: 0,
            moves: 0,
            given_front: 0,
            given_back: 0,
        };
        player.load(heap)?;
        Ok(player)
    }

    /// Loads as much of the track as there is memory for.
    fn load(&mut self, heap: &mut Heap) -> Result<(), Error> {
        heap.free(self.buffer)?;
        let request = Request::new(0).name("audio").shrinkable(());
        let (buffer, bytes) = heap.with(self).alloc_maximum_with(request)?;
        self.buffer = buffer;
        self.start = self.played;
        self.end = TRACK.min(self.start + bytes);
        for (at, byte) in (self.start..self.end).zip(heap.get_mut(buffer)?) {
            *byte = track(at);
        }
        heap.shrink(buffer, 0..self.end - self.start)?;
        self.loads += 1;
        Ok(())
    }

    /// Plays a chunk, and says whether it was the last.
    fn play(&mut self, heap: &mut Heap) -> Result<bool, Error> {
        if self.played == self.end {
            self.load(heap)?;
        }
        let end = self.end.min(self.played + CHUNK);
        let chunk = &heap.get(self.buffer)?[self.played - self.start..end - self.start];
        for (at, &sample) in (self.played..end).zip(chunk) {
            assert_eq!(sample, track(at), "sample {at}");
        }
        self.played = end;
        Ok(end == TRACK)
    }
}

impl Owner for Player {
    type Tag = ();

    fn before_move(&mut self, _: &Move<()>) -> Answer {
        self.moves += 1;
        Answer::Agree
    }

    fn shrink(&mut self, heap: &mut Heap, wish: &Wish<()>) -> Answer {
        // The samples that are kept stay where they are in the arena: nothing needs to be copied.
        let front = self.played - self.start;
        let spare = (wish.len - front).saturating_sub(RESERVE);
        let back = wish.bytes.saturating_sub(front).min(spare);
        if front + back == 0 {
            return Answer::Refuse;
        }
        if heap.shrink(wish.handle, front..wish.len - back).is_err() {
            return Answer::Refuse;
        }
        self.start += front;
        self.end -= back;
        self.given_front += front;
        self.given_back += back;
        Answer::Agree
    }
}

fn main() -> Result<(), Error> {
    let mut memory = vec![0; 64 * 1024];
    let mut heap = Heap::from_bytes(&mut memory).expect("a heap");
    let font = heap.alloc(2000)?;
    let mut player = Player::start(&mut heap)?;
    println!("{} bytes of the track are loaded", player.end);
    assert!(player.end > 60_000);

    let mut others = Vec::new();
    for tick in 1.. {
        if player.play(&mut heap)? {
            break;
        }
        if tick % 50 == 10 {
            let size = 3000 + tick * 41 % 9000;
            let before = (player.given_front, player.given_back);
            others.push(heap.with(&mut player).alloc(size)?);
            println!(
                "tick {tick:3}: {size:5} bytes for others; the player gave {:5} from the front, {:5} from the back",
                player.given_front - before.0,
                player.given_back - before.1
            );
        }
        if tick == 30 {
            // In front of the buffer, which moves down when that is needed.
            heap.free(font)?;
        }
        if tick == 300 {
            // What comes free now is for the next load.
            for handle in others.drain(..) {
                heap.free(handle)?;
            }
        }
    }
    assert_eq!(player.played, TRACK);
    assert!(player.given_front > 0 && player.given_back > 0 && player.moves > 0);
    println!(
        "{TRACK} samples played, all of them right; {} loads, {} moves of the buffer",
        player.loads, player.moves
    );
    heap.check()?;
    Ok(())
}
