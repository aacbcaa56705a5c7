-- What became of the picture of each delivered message.
ALTER TABLE risk.delivery
    ADD COLUMN picture text,
    ADD CONSTRAINT picture_is_known CHECK (
        picture IN ('attached', 'followed', 'late', 'not drawn', 'missing', 'too large', 'broken', 'refused', 'left out')
    );
COMMENT ON COLUMN risk.delivery.picture IS '"attached" to the text, "followed" it, or why the text went alone; NULL: it had none, or it is still to come';
